#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "Codecs.h"

#if TIFFLIB_VERSION < 20221213
#error "libtiff 4.5 or later is needed: earlier ones report errors through global handlers"
#endif

/// A file in memory, read or grown.
typedef struct {
  CodecBytes file;
  size_t capacity;
  uint64_t position;
  CodecError *error;
  /// While set, a warning counts as an error: some decoders only warn when they make up missing pixels.
  bool strict;
  bool failed;
} Stream;

static void note(Stream *stream, const char *format, va_list arguments) {
  // The first message names the cause, later ones its consequences.
  if (!stream->failed) vsnprintf(stream->error->text, sizeof stream->error->text, format, arguments);
  stream->failed = true;
}

static int on_error(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  (void)module;
  note(context, format, arguments);
  return 1;
}

static int on_warning(TIFF *tiff, void *context, const char *module, const char *format, va_list arguments) {
  (void)tiff;
  (void)module;
  Stream *stream = context;
  if (stream->strict) note(stream, format, arguments);
  return 1;
}

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t count) {
  Stream *stream = handle;
  if (count <= 0 || stream->position >= stream->file.count) return 0;
  size_t left = stream->file.count - (size_t)stream->position;
  size_t length = (size_t)count < left ? (size_t)count : left;
  memcpy(target, stream->file.bytes + stream->position, length);
  stream->position += length;
  return (tmsize_t)length;
}

static tmsize_t refuse_write(thandle_t handle, void *source, tmsize_t count) {
  (void)handle;
  (void)source;
  (void)count;
  return -1;
}

static tmsize_t write_bytes(thandle_t handle, void *source, tmsize_t count) {
  Stream *stream = handle;
  if (count < 0) return -1;
  if (!codec_put(&stream->file, &stream->capacity, (size_t)stream->position, source, (size_t)count)) return -1;
  stream->position += (uint64_t)count;
  return count;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  Stream *stream = handle;
  switch (whence) {
  case SEEK_SET: stream->position = offset; break;
  case SEEK_CUR: stream->position += offset; break;
  case SEEK_END: stream->position = stream->file.count + offset; break;
  default: return (toff_t)-1;
  }
  return stream->position;
}

static toff_t size_of(thandle_t handle) { return ((Stream *)handle)->file.count; }

static int close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static TIFF *open_stream(Stream *stream, const char *mode, TIFFReadWriteProc write) {
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (!options) {
    codec_fail(stream->error, "out of memory");
    return NULL;
  }
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, stream);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, stream);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, (tmsize_t)1 << 30);
  TIFF *tiff = TIFFClientOpenExt(
    "picture", mode, stream, read_bytes, write, seek, close_nothing, size_of, NULL, NULL, options);
  TIFFOpenOptionsFree(options);
  if (!tiff && !stream->failed) codec_fail(stream->error, "not a TIFF file");
  return tiff;
}

/// How the samples lie in the file.
typedef struct {
  uint16_t photometric;
  uint16_t bits;
  uint16_t stored;  // samples per pixel
  uint16_t used;    // of these, the ones that make up the colour; alpha and others follow them
  bool separate;    // every sample in a plane of its own
  bool tiled;
  uint16_t *palette[3];
  uint16_t number;  // SAMPLEFORMAT_UINT, _INT or _IEEEFP
  bool ranged;      // numbers of which a range is taken
  double lowest;
  double highest;
} Layout;

/// Reads the tags, and refuses what `tiff_decode` could not read.
static bool read_header(TIFF *tiff, CodecPicture *picture, Layout *layout, CodecError *error) {
  uint32_t width = 0, height = 0;
  uint16_t orientation = 1, planes = PLANARCONFIG_CONTIG, compression = 0, number = SAMPLEFORMAT_UINT;
  TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &orientation);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &number);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->stored);
  layout->separate = planes == PLANARCONFIG_SEPARATE && layout->stored > 1;
  layout->tiled = TIFFIsTiled(tiff);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric)) {
    layout->photometric = layout->stored < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB;
  }
  if (layout->photometric == PHOTOMETRIC_YCBCR && compression == COMPRESSION_JPEG && !layout->separate) {
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout->photometric = PHOTOMETRIC_RGB;
  }
  if (number == SAMPLEFORMAT_VOID) number = SAMPLEFORMAT_UINT;
  if (number != SAMPLEFORMAT_UINT && number != SAMPLEFORMAT_INT && number != SAMPLEFORMAT_IEEEFP) {
    codec_fail(error, "its samples are complex numbers; save it with 8 or 16 bits");
    return false;
  }
  unsigned bits = layout->bits;
  bool readable = number == SAMPLEFORMAT_IEEEFP ? bits == 16 || bits == 32 || bits == 64
    : number == SAMPLEFORMAT_INT ? bits == 8 || bits == 16 || bits == 32
    : bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 10 || bits == 12 || bits == 14 || bits == 16
      || bits == 32;
  if (!readable) {
    codec_fail(
      error, "%u bits a sample; 1, 2, 4, 8, 10, 12, 14, 16 and 32, and 64 of floating-point numbers, are supported",
      bits);
    return false;
  }
  layout->number = number;
  layout->ranged = number != SAMPLEFORMAT_UINT || bits > 16;

  bool known = true;
  switch (layout->photometric) {
  case PHOTOMETRIC_MINISBLACK:
  case PHOTOMETRIC_MINISWHITE: layout->used = 1; break;
  case PHOTOMETRIC_RGB: layout->used = 3; break;
  case PHOTOMETRIC_SEPARATED: layout->used = 4; break;
  case PHOTOMETRIC_PALETTE:
    layout->used = 1;
    known = layout->bits <= 8
      && TIFFGetField(
        tiff, TIFFTAG_COLORMAP, &layout->palette[0], &layout->palette[1], &layout->palette[2]);
    break;
  default: known = false;
  }
  if (layout->ranged && (layout->photometric == PHOTOMETRIC_SEPARATED || layout->photometric == PHOTOMETRIC_PALETTE)) {
    known = false;
  }
  if (!known || layout->stored < layout->used || layout->stored > 64) {
    codec_fail(
      error, "photometric interpretation %u with %u samples of %u bits is not supported; save it as RGB",
      layout->photometric, layout->stored, layout->bits);
    return false;
  }
  if (!TIFFIsCODECConfigured(compression)) {
    codec_fail(error, "compression scheme %u is not supported", compression);
    return false;
  }
  // Programs that write what is in a picture here are not believed: only a number of bits counts.
  uint32_t significant = bits > 8 && bits < 16 ? bits : 0;
  uint16_t largest = 0;
  if (bits == 16 && !layout->ranged && TIFFGetField(tiff, TIFFTAG_MAXSAMPLEVALUE, &largest)) {
    for (unsigned i = 9; i < 16; i++) {
      if (largest == (1u << i) - 1) significant = i;
    }
  }
  bool grey = layout->used == 1 && layout->photometric != PHOTOMETRIC_PALETTE;
  *picture = (CodecPicture){
    .width = width,
    .height = height,
    .full_width = width,
    .full_height = height,
    .channels = grey ? 1 : 3,
    .bits = (bits > 8 || layout->ranged) && layout->photometric != PHOTOMETRIC_SEPARATED ? 16 : 8,
    .orientation = orientation >= 1 && orientation <= 8 ? orientation : 1,
    .significant_bits = significant,
    .passed_over = layout->stored - layout->used,
    .needs_range = layout->ranged,
  };
  return true;
}

bool tiff_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error) {
  (void)options;
  Stream stream = {.file = {.bytes = (uint8_t *)bytes, .count = count}, .error = error};
  TIFF *tiff = open_stream(&stream, "rm", refuse_write);
  if (!tiff) return false;
  Layout layout = {0};
  bool done = read_header(tiff, picture, &layout, error);
  TIFFClose(tiff);
  return done;
}

/// Sample `index` of a row, as stored.
static inline unsigned sample_at(const uint8_t *row, size_t index, unsigned bits) {
  if (bits == 8) return row[index];
  if (bits == 16) {
    uint16_t value;
    memcpy(&value, row + 2 * index, 2);
    return value;
  }
  size_t bit = index * bits, last = (bit + bits - 1) >> 3;
  unsigned value = 0;
  for (size_t byte = bit >> 3; byte <= last; byte++) value = value << 8 | row[byte];
  return (value >> (7 - ((bit + bits - 1) & 7))) & ((1u << bits) - 1);
}

/// A number of half precision.
static double half_value(uint16_t half) {
  int exponent = (half >> 10) & 31;
  double fraction = half & 1023;
  double value = exponent == 0 ? ldexp(fraction, -24)
    : exponent < 31 ? ldexp(fraction + 1024, exponent - 25)
    : fraction == 0 ? INFINITY : NAN;
  return half & 0x8000 ? -value : value;
}

/// Sample `index` of a row of numbers that are not whole ones of 16 bits or fewer.
static double number_at(const uint8_t *row, size_t index, const Layout *layout) {
  const uint8_t *source = row + index * (layout->bits / 8);
  if (layout->number == SAMPLEFORMAT_IEEEFP) {
    if (layout->bits == 64) {
      double value;
      memcpy(&value, source, 8);
      return value;
    }
    if (layout->bits == 32) {
      float value;
      memcpy(&value, source, 4);
      return value;
    }
    uint16_t value;
    memcpy(&value, source, 2);
    return half_value(value);
  }
  if (layout->bits == 8) return (int8_t)*source;
  if (layout->bits == 16) {
    int16_t value;
    memcpy(&value, source, 2);
    return value;
  }
  uint32_t value;
  memcpy(&value, source, 4);
  return layout->number == SAMPLEFORMAT_INT ? (double)(int32_t)value : (double)value;
}

/// Turns numbers into samples of 16 bits: the lowest becomes black, the highest white, what is beyond is cut off.
/// False where one is no number.
static bool convert_numbers(
  const Layout *layout, const uint8_t *row, size_t plane_size, size_t count, uint16_t *target) {
  double scale = 65535 / (layout->highest - layout->lowest);
  for (size_t x = 0; x < count; x++) {
    for (unsigned i = 0; i < layout->used; i++) {
      double value = layout->separate ? number_at(row + i * plane_size, x, layout)
                                      : number_at(row, x * layout->stored + i, layout);
      if (isnan(value)) return false;
      double sample = (value - layout->lowest) * scale;
      sample = sample < 0 ? 0 : sample > 65535 ? 65535 : sample;
      uint16_t word = (uint16_t)(sample + 0.5);
      target[layout->used * x + i] = layout->photometric == PHOTOMETRIC_MINISWHITE ? 65535 - word : word;
    }
  }
  return true;
}

/// Turns `count` pixels of a stored row into samples of the picture. Sample i of the pixels is in the row at
/// `row + i * plane_size` where samples lie in separate planes.
static void convert_row(
  const Layout *layout, const uint8_t *row, size_t plane_size, size_t count, void *target) {
  unsigned bits = layout->bits;
  bool plain = layout->photometric == PHOTOMETRIC_MINISBLACK || layout->photometric == PHOTOMETRIC_RGB;
  if (plain && (bits == 8 || bits == 16) && !layout->separate && layout->stored == layout->used) {
    memcpy(target, row, count * layout->used * (bits / 8));
    return;
  }
  unsigned maximum = (1u << bits) - 1;
  uint8_t *bytes = target;
  uint16_t *words = target;
  for (size_t x = 0; x < count; x++) {
    unsigned values[4] = {0};
    for (unsigned i = 0; i < layout->used; i++) {
      values[i] = layout->separate
        ? sample_at(row + i * plane_size, x, bits)
        : sample_at(row, x * layout->stored + i, bits);
    }
    if (layout->photometric == PHOTOMETRIC_PALETTE) {
      for (int i = 0; i < 3; i++) bytes[3 * x + i] = layout->palette[i][values[0]] >> 8;
      continue;
    }
    if (layout->photometric == PHOTOMETRIC_MINISWHITE) values[0] = maximum - values[0];
    if (layout->photometric == PHOTOMETRIC_SEPARATED) {
      uint8_t inks[4];
      for (int i = 0; i < 4; i++) inks[i] = (uint8_t)(bits > 8 ? values[i] >> (bits - 8) : values[i] * 255 / maximum);
      codec_rgb_from_cmyk(inks, bytes + 3 * x);
      continue;
    }
    for (unsigned i = 0; i < layout->used; i++) {
      if (bits == 16) words[layout->used * x + i] = (uint16_t)values[i];
      else if (bits > 8) words[layout->used * x + i] = (uint16_t)((values[i] * 65535ull + maximum / 2) / maximum);
      else bytes[layout->used * x + i] = (uint8_t)(values[i] * 255 / maximum);
    }
  }
}

/// Reads all blocks (tiles, or strips as tiles of the picture's width) and puts their pixels in place.
static bool read_blocks(
  TIFF *tiff, size_t file_size, const CodecPicture *picture, const Layout *layout, void *samples,
  uint8_t **memory, CodecError *error) {
  uint32_t block_width = picture->width, block_height = picture->height;
  if (layout->tiled) {
    block_width = block_height = 0;
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &block_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &block_height);
  } else {
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &block_height);
    if (block_height > picture->height) block_height = picture->height;
  }
  unsigned planes = layout->separate ? layout->used : 1;
  uint64_t row_samples = (uint64_t)block_width * (layout->separate ? 1 : layout->stored);
  uint64_t stride = (row_samples * layout->bits + 7) / 8;
  uint64_t block_size = 0;
  if (block_width == 0 || block_height == 0 || __builtin_mul_overflow(stride, block_height, &block_size)
      || block_size > (uint64_t)1 << 30) {
    codec_fail(error, "tiles or strips of %u x %u pixels are not supported", block_width, block_height);
    return false;
  }
  // Every block is decoded whole: of a small picture in large tiles, that could go on for hours.
  uint64_t across = ((uint64_t)picture->width + block_width - 1) / block_width;
  uint64_t down = ((uint64_t)picture->height + block_height - 1) / block_height;
  uint64_t work = 0;
  if (__builtin_mul_overflow(across * down * planes, block_size, &work) || work > (uint64_t)1 << 33) {
    codec_fail(error, "its tiles or strips of %u x %u pixels are too large for it", block_width, block_height);
    return false;
  }
  uint64_t expected = layout->tiled ? TIFFTileSize64(tiff) : TIFFVStripSize64(tiff, block_height);
  if (expected != block_size) {
    codec_fail(error, "the layout of its tiles or strips is not supported");
    return false;
  }
  uint16_t compression = 0;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  bool bounded = compression == COMPRESSION_NONE || compression == COMPRESSION_LZW
    || compression == COMPRESSION_PACKBITS || compression == COMPRESSION_DEFLATE
    || compression == COMPRESSION_ADOBE_DEFLATE;
  // None of these packs more than 4096 bytes into one: no memory for what cannot be there.
  if (bounded && block_size / 4096 > file_size) {
    codec_fail(error, "the file ends too early");
    return false;
  }
  *memory = malloc(block_size * planes);
  if (!*memory) {
    codec_fail(error, "out of memory");
    return false;
  }

  size_t pixel = (size_t)picture->channels * (picture->bits / 8);
  for (uint32_t top = 0; top < picture->height; top += block_height) {
    uint32_t rows_left = picture->height - top;
    uint32_t rows = rows_left < block_height ? rows_left : block_height;
    for (uint32_t left = 0; left < picture->width; left += block_width) {
      uint32_t columns_left = picture->width - left;
      uint32_t columns = columns_left < block_width ? columns_left : block_width;
      for (unsigned plane = 0; plane < planes; plane++) {
        uint8_t *block = *memory + plane * block_size;
        tmsize_t wanted = (tmsize_t)(layout->tiled ? block_size : stride * rows);
        tmsize_t got = layout->tiled
          ? TIFFReadEncodedTile(
            tiff, TIFFComputeTile(tiff, left, top, 0, (uint16_t)plane), block, wanted)
          : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, top, (uint16_t)plane), block, wanted);
        if (got != wanted) return false;
      }
      for (uint32_t y = 0; y < rows; y++) {
        uint8_t *target = (uint8_t *)samples + ((size_t)(top + y) * picture->width + left) * pixel;
        const uint8_t *row = *memory + y * stride;
        if (!layout->ranged) {
          convert_row(layout, row, block_size, columns, target);
        } else if (!convert_numbers(layout, row, block_size, columns, (uint16_t *)(void *)target)) {
          codec_fail(error, "it holds values that are not numbers (NaN)");
          return false;
        }
      }
      if (columns == columns_left) break;
    }
    if (rows == rows_left) break;
  }
  return true;
}

bool tiff_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error) {
  Stream stream = {.file = {.bytes = (uint8_t *)bytes, .count = count}, .error = error};
  TIFF *tiff = open_stream(&stream, "rm", refuse_write);
  if (!tiff) return false;
  Layout layout = {0};
  CodecPicture found;
  bool done = read_header(tiff, &found, &layout, error);
  if (done && memcmp(&found, picture, sizeof found)) {
    codec_fail(error, "the header does not match");
    done = false;
  }
  layout.lowest = options->lowest;
  layout.highest = options->highest;
  if (done && layout.ranged && !(layout.lowest < layout.highest && isfinite(65535 / (layout.highest - layout.lowest)))) {
    codec_fail(error, "the range from %g to %g is empty", layout.lowest, layout.highest);
    done = false;
  }
  if (done) {
    // These decoders fill in what is missing and warn; LZW also warns about files that are whole.
    uint16_t compression = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    stream.failed = false;
    stream.strict = compression == COMPRESSION_JPEG || compression == COMPRESSION_CCITTRLE
      || compression == COMPRESSION_CCITTRLEW || compression == COMPRESSION_CCITTFAX3
      || compression == COMPRESSION_CCITTFAX4;
    codec_fail(error, "the file ends too early");
    uint8_t *memory = NULL;
    done = read_blocks(tiff, count, picture, &layout, samples, &memory, error) && !stream.failed;
    free(memory);
  }
  TIFFClose(tiff);
  return done;
}

bool tiff_encode(
  const CodecPicture *picture, const void *samples, int compression, CodecBytes *encoded, CodecError *error) {
  Stream stream = {.error = error};
  TIFF *tiff = open_stream(&stream, "w", write_bytes);
  if (!tiff) return false;
  size_t stride = (size_t)picture->width * picture->channels * (picture->bits / 8);
  uint8_t *row = malloc(stride);
  bool done = row != NULL;
  done = done && TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, picture->width);
  done = done && TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, picture->height);
  done = done && TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, (int)picture->channels);
  done = done && TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, (int)picture->bits);
  done = done && TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  done = done && TIFFSetField(tiff, TIFFTAG_ORIENTATION, (int)picture->orientation);
  done = done && TIFFSetField(tiff, TIFFTAG_COMPRESSION, compression);
  done = done
    && TIFFSetField(
      tiff, TIFFTAG_PHOTOMETRIC, picture->channels == 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK);
  done = done && TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, TIFFDefaultStripSize(tiff, 0));
  for (uint32_t y = 0; done && y < picture->height; y++) {
    // libtiff may change the row it is given.
    memcpy(row, (const uint8_t *)samples + y * stride, stride);
    done = TIFFWriteScanline(tiff, row, y, 0) == 1;
  }
  done = done && TIFFFlush(tiff);
  if (!done && !stream.failed) codec_fail(error, "libtiff could not write it");
  TIFFClose(tiff);
  free(row);
  if (done) *encoded = stream.file;
  else free(stream.file.bytes);
  return done;
}
