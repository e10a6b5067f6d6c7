// C surface over libcurl: one GET over HTTP or HTTPS, as it arrives.
#ifndef C_CURL_H
#define C_CURL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

/// What is asked for. Nothing is taken from the environment.
typedef struct {
  const char *address;
  /// Lines "Name: value", then a null pointer.
  const char *const *headers;
  /// "http://HOST:PORT", through which everything goes as through a tunnel, or "socks5h://HOST:PORT"; "" for none.
  const char *proxy;
  /// For the proxy; null for none.
  const char *user;
  const char *password;
  /// How many redirects are followed.
  long redirects;
  /// Seconds until a connection stands.
  long connecting;
  /// Seconds without a byte.
  long silence;
  /// Whose connections are used again, and kept; null for none.
  CURL *connections;
} CurlRequest;

/// Who takes what arrives. The transfer ends where a function returns false.
typedef struct {
  void *context;
  /// Takes a line of an answer's head, its end included. The answers that redirect are among them.
  bool (*line)(void *context, const char *bytes, size_t count);
  /// Takes what comes next of the last answer's body.
  bool (*body)(void *context, const char *bytes, size_t count);
  /// Is asked about once a second, and more often while something arrives.
  bool (*goes_on)(void *context);
} CurlReceiver;

typedef struct {
  char text[CURL_ERROR_SIZE];
} CurlError;

/// Connections that one request at a time uses; to be ended with `curl_easy_cleanup`. Null where there is no memory.
CURL *curl_connections(void);

/// Sends the request and hands over what comes. Blocks the thread, which should be one of its own: the signal of a
/// broken connection stays blocked in it.
/// - Returns: CURLE_OK, whichever status the answer has, or what went wrong, with the reason in `error`.
CURLcode curl_get(const CurlRequest *request, CurlReceiver receiver, CurlError *error);

#endif
