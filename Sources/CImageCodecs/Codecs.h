// What the codecs of this module share.
#ifndef CODECS_H
#define CODECS_H

#include "CImageCodecs.h"

void codec_fail(CodecError *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// Puts `count` bytes at `offset`, growing the memory; false when there is none left. `capacity` is the caller's.
bool codec_put(CodecBytes *bytes, size_t *capacity, size_t offset, const void *source, size_t count);

/// One pixel of CMYK, where 0 is no ink, as three bytes of RGB, rounded as Pillow does.
void codec_rgb_from_cmyk(const uint8_t cmyk[4], uint8_t rgb[3]);

bool png_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error);
bool png_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error);
bool png_encode(const CodecPicture *picture, const void *samples, CodecBytes *encoded, CodecError *error);

bool jpeg_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error);
bool jpeg_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error);
bool jpeg_encode(
  const CodecPicture *picture, const void *samples, int quality, CodecBytes *encoded, CodecError *error);

bool tiff_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error);
bool tiff_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error);
bool tiff_encode(
  const CodecPicture *picture, const void *samples, int compression, CodecBytes *encoded, CodecError *error);

bool webp_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error);
bool webp_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error);
bool webp_encode(
  const CodecPicture *picture, const void *samples, int quality, CodecBytes *encoded, CodecError *error);

#endif
