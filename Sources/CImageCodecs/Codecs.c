#include "Codecs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool codec_header(
  CodecFormat format, const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture,
  CodecError *error) {
  switch (format) {
  case CodecFormatPNG: return png_header(bytes, count, options, picture, error);
  case CodecFormatJPEG: return jpeg_header(bytes, count, options, picture, error);
  case CodecFormatTIFF: return tiff_header(bytes, count, options, picture, error);
  case CodecFormatWebP: return webp_header(bytes, count, options, picture, error);
  }
  codec_fail(error, "unknown format");
  return false;
}

bool codec_decode(
  CodecFormat format, const uint8_t *bytes, size_t count, const CodecOptions *options,
  const CodecPicture *picture, void *samples, CodecError *error) {
  switch (format) {
  case CodecFormatPNG: return png_decode(bytes, count, options, picture, samples, error);
  case CodecFormatJPEG: return jpeg_decode(bytes, count, options, picture, samples, error);
  case CodecFormatTIFF: return tiff_decode(bytes, count, options, picture, samples, error);
  case CodecFormatWebP: return webp_decode(bytes, count, options, picture, samples, error);
  }
  codec_fail(error, "unknown format");
  return false;
}

bool codec_encode(
  CodecFormat format, const CodecPicture *picture, const void *samples, int option, CodecBytes *encoded,
  CodecError *error) {
  switch (format) {
  case CodecFormatPNG: return png_encode(picture, samples, encoded, error);
  case CodecFormatJPEG: return jpeg_encode(picture, samples, option, encoded, error);
  case CodecFormatTIFF: return tiff_encode(picture, samples, option, encoded, error);
  case CodecFormatWebP: return webp_encode(picture, samples, option, encoded, error);
  }
  codec_fail(error, "unknown format");
  return false;
}

void codec_fail(CodecError *error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error->text, sizeof error->text, format, arguments);
  va_end(arguments);
}

bool codec_put(CodecBytes *bytes, size_t *capacity, size_t offset, const void *source, size_t count) {
  size_t end;
  if (__builtin_add_overflow(offset, count, &end)) return false;
  if (end > *capacity) {
    size_t larger = end + end / 2 + 4096;
    uint8_t *memory = realloc(bytes->bytes, larger);
    if (!memory) return false;
    bytes->bytes = memory;
    *capacity = larger;
  }
  if (offset > bytes->count) memset(bytes->bytes + bytes->count, 0, offset - bytes->count);
  if (count > 0) memcpy(bytes->bytes + offset, source, count);
  if (end > bytes->count) bytes->count = end;
  return true;
}

void codec_rgb_from_cmyk(const uint8_t cmyk[4], uint8_t rgb[3]) {
  unsigned white = 255u - cmyk[3];
  for (int i = 0; i < 3; i++) {
    unsigned product = cmyk[i] * white + 128;
    rgb[i] = (uint8_t)(white - ((product + (product >> 8)) >> 8));
  }
}
