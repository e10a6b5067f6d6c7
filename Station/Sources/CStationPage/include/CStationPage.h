// The station's page and the description of its interface, within the program.
#pragma once

#include <stddef.h>

/// A file of the page.
struct station_page_file {
  /// Where it is served.
  const char *path;
  /// Its media type.
  const char *type;
  /// Its content.
  const unsigned char *bytes;
  /// How much there is.
  size_t length;
};

/// How many files there are.
size_t station_page_count(void);
/// One of them.
struct station_page_file station_page_file(size_t index);
