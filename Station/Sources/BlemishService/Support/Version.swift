import Blemish

/// The version of Blemish that serves.
public let stationVersion = blemishVersion
