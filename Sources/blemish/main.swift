import Blemish; print(blemishVersion)
