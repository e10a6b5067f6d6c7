#include "CCurl.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static pthread_once_t started = PTHREAD_ONCE_INIT;

static void start(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static size_t take_line(char *bytes, size_t size, size_t count, void *receiver) {
  const CurlReceiver *to = receiver;
  return to->line(to->context, bytes, size * count) ? size * count : CURL_WRITEFUNC_ERROR;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *receiver) {
  const CurlReceiver *to = receiver;
  return to->body(to->context, bytes, size * count) ? size * count : CURL_WRITEFUNC_ERROR;
}

static int stops(void *receiver, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
  const CurlReceiver *to = receiver;
  return !to->goes_on(to->context);
}

CURL *curl_connections(void) {
  pthread_once(&started, start);
  return curl_easy_init();
}

CURLcode curl_get(const CurlRequest *request, CurlReceiver receiver, CurlError *error) {
  pthread_once(&started, start);
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);

  error->text[0] = 0;
  struct curl_slist *headers = NULL;
  CURLcode code = CURLE_OK;
  CURL *curl = request->connections ? request->connections : curl_easy_init();
  // Forgets the last request and keeps its connection.
  if (curl) curl_easy_reset(curl);
  else code = CURLE_FAILED_INIT;
  for (const char *const *line = request->headers; *line && !code; line++) {
    struct curl_slist *longer = curl_slist_append(headers, *line);
    if (longer) headers = longer;
    else code = CURLE_OUT_OF_MEMORY;
  }
#define SET(option, value) \
  if (!code) code = curl_easy_setopt(curl, CURLOPT_##option, value)
  SET(URL, request->address);
  SET(HTTPHEADER, headers);
  SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
  SET(PROTOCOLS_STR, "http,https");
  SET(REDIR_PROTOCOLS_STR, "http,https");
  SET(FOLLOWLOCATION, 1L);
  SET(MAXREDIRS, request->redirects);
  SET(PROXY, request->proxy);
  SET(NOPROXY, "");
  SET(PROXYUSERNAME, request->user);
  SET(PROXYPASSWORD, request->password);
  SET(HTTPPROXYTUNNEL, 1L);
  SET(SUPPRESS_CONNECT_HEADERS, 1L);
  SET(CONNECTTIMEOUT, request->connecting);
  SET(LOW_SPEED_LIMIT, 1L);
  SET(LOW_SPEED_TIME, request->silence);
  SET(NOSIGNAL, 1L);
  SET(NOPROGRESS, 0L);
  SET(XFERINFOFUNCTION, stops);
  SET(XFERINFODATA, &receiver);
  SET(HEADERFUNCTION, take_line);
  SET(HEADERDATA, &receiver);
  SET(WRITEFUNCTION, take_body);
  SET(WRITEDATA, &receiver);
  SET(ERRORBUFFER, error->text);
#undef SET
  if (!code) code = curl_easy_perform(curl);

  // What the system says of a connection is plainer than curl's account of it.
  long reason = 0;
  if (code == CURLE_COULDNT_CONNECT) curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &reason);
  if (reason) snprintf(error->text, sizeof error->text, "%s", strerror((int)reason));
  else if (code && !error->text[0]) snprintf(error->text, sizeof error->text, "%s", curl_easy_strerror(code));
  if (!request->connections) curl_easy_cleanup(curl);
  curl_slist_free_all(headers);
  return code;
}
