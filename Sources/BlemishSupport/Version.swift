/// The version of Blemish.
public let blemishVersion = "0.2.0"
