import Blemish; import Torch; print(torchVersion)
