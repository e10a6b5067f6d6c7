import CStationPage
import Foundation
import HTTPTypes
import Hummingbird

extension Station {
  /// The page and the description of the interface: files within the program.
  func addPageRoutes(_ routes: RouteTable) {
    for index in 0..<station_page_count() {
      let file = station_page_file(index)
      let bytes = Array(UnsafeBufferPointer(start: file.bytes, count: file.length))
      let tag = "\"" + Digest.hexadecimal(Array(Digest.sha256(bytes).prefix(8))) + "\""
      let type = String(cString: file.type)
      routes.on(.get, String(cString: file.path), nil) { request, _ in
        var response =
          request.headers[.ifNoneMatch] == tag
          ? Response(status: .notModified) : Response(bytes: bytes, type: type)
        response.headers[.eTag] = tag
        response.headers[.cacheControl] = "no-cache"
        return response
      }
    }
  }
}
