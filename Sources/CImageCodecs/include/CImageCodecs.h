// C surface over libpng, libjpeg, libtiff and libwebp: pictures from and to memory.
//
// Every function returns true, or false with the reason in `error`. The libraries' own error handling
// (longjmp, handlers) never leaves this module, and it keeps no global state: all calls may run in parallel.
#ifndef C_IMAGE_CODECS_H
#define C_IMAGE_CODECS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { CodecFormatPNG, CodecFormatJPEG, CodecFormatTIFF, CodecFormatWebP } CodecFormat;

/// How a file is to be decoded.
typedef struct {
  /// Where it is not 0, a JPEG file is decoded at a half, a quarter or an eighth of its size, as long as neither side
  /// falls below this many pixels.
  uint32_t least_side;
  /// The numbers that become black and white, of samples that are no whole numbers of 16 bits or fewer.
  double lowest;
  double highest;
} CodecOptions;

/// What the decoded samples look like: row-major, interleaved, in the machine's byte order.
typedef struct {
  uint32_t width;
  uint32_t height;
  /// The size in the file, where it is decoded at a smaller one.
  uint32_t full_width;
  uint32_t full_height;
  /// 1 (grey) or 3 (RGB).
  uint32_t channels;
  /// 8 or 16.
  uint32_t bits;
  /// As in EXIF and TIFF, 1 to 8; not applied to the samples. Only TIFF says another than 1 here.
  uint32_t orientation;
  /// How many bits of a sample carry something, where the file says that these are fewer than 16; 0 otherwise.
  uint32_t significant_bits;
  /// How many channels of the file beyond its colour are not decoded.
  uint32_t passed_over;
  /// 1 where the samples are numbers that only `lowest` and `highest` make a picture of.
  uint32_t needs_range;
  /// 1 where decoding takes memory for the full size, whatever size it is decoded at.
  uint32_t is_buffered;
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
  CodecFormat format, const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture,
  CodecError *error);

/// Decodes into `samples`, which holds width * height * channels * bits / 8 bytes as `picture`, the result of
/// codec_header, says of the same options. A file that ends too early is an error.
bool codec_decode(
  CodecFormat format, const uint8_t *bytes, size_t count, const CodecOptions *options,
  const CodecPicture *picture, void *samples, CodecError *error);

/// Encodes. `option` is the quality (1 to 100) for JPEG and WebP, where 0 is WebP without loss, the compression
/// scheme (libtiff's number) for TIFF, and unused for PNG. JPEG holds 8 bits only, WebP 8 bits of RGB.
bool codec_encode(
  CodecFormat format, const CodecPicture *picture, const void *samples, int option, CodecBytes *encoded,
  CodecError *error);

#endif
