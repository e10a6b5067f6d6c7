#include "CStationPage.h"

// C23 has #embed; clang takes it in older C as well, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char openapi_json[] = {
#embed "files/openapi.json"
};
static const unsigned char style_css[] = {
#embed "files/style.css"
};
static const unsigned char icon_svg[] = {
#embed "files/icon.svg"
};
static const unsigned char main_js[] = {
#embed "files/main.js"
};
static const unsigned char strings_js[] = {
#embed "files/strings.js"
};
static const unsigned char api_js[] = {
#embed "files/api.js"
};
static const unsigned char element_js[] = {
#embed "files/element.js"
};
static const unsigned char viewer_js[] = {
#embed "files/viewer.js"
};
static const unsigned char labels_js[] = {
#embed "files/labels.js"
};
static const unsigned char live_js[] = {
#embed "files/live.js"
};
static const unsigned char review_js[] = {
#embed "files/review.js"
};
static const unsigned char models_js[] = {
#embed "files/models.js"
};
static const unsigned char station_js[] = {
#embed "files/station.js"
};

static const struct station_page_file files[] = {
    {"/", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"/openapi.json", "application/json", openapi_json, sizeof openapi_json},
    {"/page/style.css", "text/css; charset=utf-8", style_css, sizeof style_css},
    {"/page/icon.svg", "image/svg+xml", icon_svg, sizeof icon_svg},
    {"/page/main.js", "text/javascript; charset=utf-8", main_js, sizeof main_js},
    {"/page/strings.js", "text/javascript; charset=utf-8", strings_js, sizeof strings_js},
    {"/page/api.js", "text/javascript; charset=utf-8", api_js, sizeof api_js},
    {"/page/element.js", "text/javascript; charset=utf-8", element_js, sizeof element_js},
    {"/page/viewer.js", "text/javascript; charset=utf-8", viewer_js, sizeof viewer_js},
    {"/page/labels.js", "text/javascript; charset=utf-8", labels_js, sizeof labels_js},
    {"/page/live.js", "text/javascript; charset=utf-8", live_js, sizeof live_js},
    {"/page/review.js", "text/javascript; charset=utf-8", review_js, sizeof review_js},
    {"/page/models.js", "text/javascript; charset=utf-8", models_js, sizeof models_js},
    {"/page/station.js", "text/javascript; charset=utf-8", station_js, sizeof station_js},
};

size_t station_page_count(void) { return sizeof files / sizeof files[0]; }

struct station_page_file station_page_file(size_t index) { return files[index]; }
