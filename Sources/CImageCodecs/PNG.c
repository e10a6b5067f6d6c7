#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "Codecs.h"

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t position;
  png_structp png;
  png_infop info;
  png_bytep *rows;
  CodecError *error;
} Reader;

static void fail(png_structp png, png_const_charp message) {
  codec_fail(png_get_error_ptr(png), "%s", message);
  png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  Reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->position) png_error(png, "the file ends too early");
  memcpy(target, reader->bytes + reader->position, count);
  reader->position += count;
}

static void close_reader(Reader *reader) {
  free(reader->rows);
  png_destroy_read_struct(&reader->png, &reader->info, NULL);
}

static bool open_reader(Reader *reader, const uint8_t *bytes, size_t count, CodecError *error) {
  *reader = (Reader){.bytes = bytes, .count = count, .error = error};
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore_warning);
  if (reader->png) reader->info = png_create_info_struct(reader->png);
  if (reader->info) return true;
  codec_fail(error, "libpng could not be started");
  close_reader(reader);
  return false;
}

/// Reads up to the first pixel. Jumps on error.
static void read_header(Reader *reader, CodecPicture *picture) {
  // The caller has its own, lower limit and a better message.
  png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_read_fn(reader->png, reader, read_bytes);
  png_read_info(reader->png, reader->info);
  int color = png_get_color_type(reader->png, reader->info);
  *picture = (CodecPicture){
    .width = png_get_image_width(reader->png, reader->info),
    .height = png_get_image_height(reader->png, reader->info),
    .full_width = png_get_image_width(reader->png, reader->info),
    .full_height = png_get_image_height(reader->png, reader->info),
    .channels = (color & PNG_COLOR_MASK_COLOR) ? 3 : 1,
    .bits = png_get_bit_depth(reader->png, reader->info) == 16 ? 16 : 8,
    .orientation = 1,
    .passed_over = (color & PNG_COLOR_MASK_ALPHA) ? 1 : 0,
  };
}

bool png_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error) {
  (void)options;
  Reader reader;
  if (!open_reader(&reader, bytes, count, error)) return false;
  if (setjmp(png_jmpbuf(reader.png))) {
    close_reader(&reader);
    return false;
  }
  read_header(&reader, picture);
  close_reader(&reader);
  return true;
}

bool png_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error) {
  (void)options;
  Reader reader;
  if (!open_reader(&reader, bytes, count, error)) return false;
  if (setjmp(png_jmpbuf(reader.png))) {
    close_reader(&reader);
    return false;
  }
  CodecPicture found;
  read_header(&reader, &found);
  if (memcmp(&found, picture, sizeof found)) png_error(reader.png, "the header does not match");

  png_set_palette_to_rgb(reader.png);
  png_set_expand_gray_1_2_4_to_8(reader.png);
  png_set_strip_alpha(reader.png);
  if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) png_set_swap(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);

  size_t stride = (size_t)picture->width * picture->channels * (picture->bits / 8);
  if (png_get_rowbytes(reader.png, reader.info) != stride) png_error(reader.png, "unexpected row size");
  reader.rows = malloc(picture->height * sizeof(png_bytep));
  if (!reader.rows) png_error(reader.png, "out of memory");
  for (size_t y = 0; y < picture->height; y++) reader.rows[y] = (png_bytep)samples + y * stride;
  png_read_image(reader.png, reader.rows);
  png_read_end(reader.png, NULL);
  close_reader(&reader);
  return true;
}

typedef struct {
  CodecBytes encoded;
  size_t capacity;
  png_structp png;
  png_infop info;
} Writer;

static void write_bytes(png_structp png, png_bytep source, size_t count) {
  Writer *writer = png_get_io_ptr(png);
  if (!codec_put(&writer->encoded, &writer->capacity, writer->encoded.count, source, count)) {
    png_error(png, "out of memory");
  }
}

static void flush_nothing(png_structp png) { (void)png; }

bool png_encode(const CodecPicture *picture, const void *samples, CodecBytes *encoded, CodecError *error) {
  Writer writer = {0};
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, error, fail, ignore_warning);
  if (writer.png) writer.info = png_create_info_struct(writer.png);
  if (!writer.info) {
    codec_fail(error, "libpng could not be started");
    png_destroy_write_struct(&writer.png, &writer.info);
    return false;
  }
  if (setjmp(png_jmpbuf(writer.png))) {
    png_destroy_write_struct(&writer.png, &writer.info);
    free(writer.encoded.bytes);
    return false;
  }
  png_set_write_fn(writer.png, &writer, write_bytes, flush_nothing);
  png_set_IHDR(
    writer.png, writer.info, picture->width, picture->height, (int)picture->bits,
    picture->channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
    PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer.png, writer.info);
  if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && picture->bits == 16) png_set_swap(writer.png);
  size_t stride = (size_t)picture->width * picture->channels * (picture->bits / 8);
  for (size_t y = 0; y < picture->height; y++) {
    png_write_row(writer.png, (png_const_bytep)samples + y * stride);
  }
  png_write_end(writer.png, writer.info);
  png_destroy_write_struct(&writer.png, &writer.info);
  *encoded = writer.encoded;
  return true;
}
