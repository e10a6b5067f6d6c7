// C surface over libpng, libjpeg and libtiff: pictures from and to memory.
//
// Every function returns true, or false with the reason in `error`. The libraries' own error handling
// (longjmp, handlers) never leaves this module, and it keeps no global state: all calls may run in parallel.
#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { CodecFormatPNG, CodecFormatJPEG, CodecFormatTIFF } CodecFormat;

/// What the decoded samples look like: row-major, interleaved, in the machine's byte order.
typedef struct {
  uint32_t width;
  uint32_t height;
  /// 1 (grey) or 3 (RGB).
  uint32_t channels;
  /// 8 or 16.
  uint32_t bits;
  /// As in EXIF and TIFF, 1 to 8; not applied to the samples. JPEG and PNG always say 1 here.
  uint32_t orientation;
} CodecPicture;

typedef struct {
  char text[256];
} CodecError;

/// Memory the caller frees with free().
typedef struct {
  uint8_t *bytes;
  size_t count;
} CodecBytes;

/// Reads the header only. Nothing is allocated in proportion to the size that the header claims.
bool codec_header(
  CodecFormat format, const uint8_t *bytes, size_t count, CodecPicture *picture, CodecError *error);

/// Decodes into `samples`, which holds width * height * channels * bits / 8 bytes as `picture`, the result of
/// codec_header, says. A file that ends too early is an error.
bool codec_decode(
  CodecFormat format, const uint8_t *bytes, size_t count, const CodecPicture *picture, void *samples,
  CodecError *error);

/// Encodes. `option` is the quality (1 to 100) for JPEG, the compression scheme (libtiff's number) for TIFF and
/// unused for PNG. JPEG holds 8 bits only.
bool codec_encode(
  CodecFormat format, const CodecPicture *picture, const void *samples, int option, CodecBytes *encoded,
  CodecError *error);

#endif
