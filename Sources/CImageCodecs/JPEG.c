// jpeglib.h needs stdio.h before it.
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "Codecs.h"

typedef struct {
  struct jpeg_error_mgr manager;
  jmp_buf escape;
  CodecError *error;
} ErrorManager;

static void fail(j_common_ptr codec) {
  ErrorManager *errors = (ErrorManager *)codec->err;
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  codec_fail(errors->error, "%s", message);
  longjmp(errors->escape, 1);
}

/// Damage that libjpeg would paper over with grey is an error here; oddities that lose nothing are not.
static void warn(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
  case JWRN_ADOBE_XFORM:
  case JWRN_BOGUS_PROGRESSION:
  case JWRN_EXTRANEOUS_DATA:
  case JWRN_JFIF_MAJOR:
  case JWRN_NOT_SEQUENTIAL:
    return;
  default:
    fail(codec);
  }
}

/// A progressive file of a few kilobytes can ask for minutes of work: many scans over a large picture.
static void limit_scans(j_common_ptr codec) {
  if (((j_decompress_ptr)codec)->input_scan_number <= 500) return;
  ErrorManager *errors = (ErrorManager *)codec->err;
  codec_fail(errors->error, "more than 500 scans");
  longjmp(errors->escape, 1);
}

typedef struct {
  struct jpeg_decompress_struct codec;
  struct jpeg_progress_mgr progress;
  ErrorManager errors;
  uint8_t *row;
} Reader;

/// To be called before setjmp on `errors.escape`.
static void prepare(Reader *reader, CodecError *error) {
  memset(reader, 0, sizeof *reader);
  reader->codec.err = jpeg_std_error(&reader->errors.manager);
  reader->errors.manager.error_exit = fail;
  reader->errors.manager.emit_message = warn;
  reader->errors.error = error;
}

static void close_reader(Reader *reader) {
  jpeg_destroy_decompress(&reader->codec);
  free(reader->row);
}

/// Jumps on error.
static void read_header(
  Reader *reader, const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture) {
  jpeg_create_decompress(&reader->codec);
  reader->progress.progress_monitor = limit_scans;
  reader->codec.progress = &reader->progress;
  jpeg_mem_src(&reader->codec, bytes, count);
  jpeg_read_header(&reader->codec, TRUE);
  int components = reader->codec.num_components;
  if (components != 1 && components != 3 && components != 4) {
    codec_fail(reader->errors.error, "%d components; only 1, 3 and 4 are supported", components);
    longjmp(reader->errors.escape, 1);
  }
  uint32_t width = reader->codec.image_width, height = reader->codec.image_height;
  uint32_t divisor = 1;
  while (options->least_side > 0 && divisor < 8 && (width - 1) / (2 * divisor) + 1 >= options->least_side
         && (height - 1) / (2 * divisor) + 1 >= options->least_side) {
    divisor *= 2;
  }
  reader->codec.scale_num = 1;
  reader->codec.scale_denom = divisor;
  *picture = (CodecPicture){
    .width = (width - 1) / divisor + 1,
    .height = (height - 1) / divisor + 1,
    .full_width = width,
    .full_height = height,
    .channels = components == 1 ? 1 : 3,
    .bits = 8,
    .orientation = 1,
    .is_buffered = jpeg_has_multiple_scans(&reader->codec) ? 1 : 0,
  };
}

bool jpeg_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error) {
  Reader reader;
  prepare(&reader, error);
  if (setjmp(reader.errors.escape)) {
    close_reader(&reader);
    return false;
  }
  read_header(&reader, bytes, count, options, picture);
  close_reader(&reader);
  return true;
}

bool jpeg_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error) {
  Reader reader;
  prepare(&reader, error);
  if (setjmp(reader.errors.escape)) {
    close_reader(&reader);
    return false;
  }
  CodecPicture found;
  read_header(&reader, bytes, count, options, &found);
  if (memcmp(&found, picture, sizeof found)) {
    codec_fail(error, "the header does not match");
    longjmp(reader.errors.escape, 1);
  }

  j_decompress_ptr codec = &reader.codec;
  bool cmyk = codec->num_components == 4;
  codec->out_color_space = cmyk ? JCS_CMYK : picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(codec);
  if (codec->output_width != picture->width || codec->output_height != picture->height) {
    codec_fail(error, "the header does not match");
    longjmp(reader.errors.escape, 1);
  }
  size_t stride = (size_t)picture->width * picture->channels;
  if (cmyk) {
    reader.row = malloc((size_t)picture->width * 4);
    if (!reader.row) ERREXIT1(codec, JERR_OUT_OF_MEMORY, 0);
  }
  while (codec->output_scanline < codec->output_height) {
    uint8_t *target = (uint8_t *)samples + codec->output_scanline * stride;
    JSAMPROW row = cmyk ? reader.row : target;
    jpeg_read_scanlines(codec, &row, 1);
    for (size_t x = 0; cmyk && x < picture->width; x++) {
      // Inks are stored inverted in JPEG files, as Adobe's programs began to do and all others followed.
      uint8_t inks[4];
      for (int i = 0; i < 4; i++) inks[i] = 255 - reader.row[4 * x + i];
      codec_rgb_from_cmyk(inks, target + 3 * x);
    }
  }
  jpeg_finish_decompress(codec);
  close_reader(&reader);
  return true;
}

typedef struct {
  struct jpeg_compress_struct codec;
  ErrorManager errors;
  unsigned char *bytes;
  unsigned long count;
} Writer;

bool jpeg_encode(
  const CodecPicture *picture, const void *samples, int quality, CodecBytes *encoded, CodecError *error) {
  if (picture->bits != 8) {
    codec_fail(error, "JPEG holds 8 bits only");
    return false;
  }
  Writer writer;
  memset(&writer, 0, sizeof writer);
  writer.codec.err = jpeg_std_error(&writer.errors.manager);
  writer.errors.manager.error_exit = fail;
  writer.errors.manager.emit_message = warn;
  writer.errors.error = error;
  if (setjmp(writer.errors.escape)) {
    jpeg_destroy_compress(&writer.codec);
    free(writer.bytes);
    return false;
  }
  j_compress_ptr codec = &writer.codec;
  jpeg_create_compress(codec);
  jpeg_mem_dest(codec, &writer.bytes, &writer.count);
  codec->image_width = picture->width;
  codec->image_height = picture->height;
  codec->input_components = (int)picture->channels;
  codec->in_color_space = picture->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(codec);
  jpeg_set_quality(codec, quality, TRUE);
  jpeg_start_compress(codec, TRUE);
  size_t stride = (size_t)picture->width * picture->channels;
  while (codec->next_scanline < codec->image_height) {
    JSAMPROW row = (JSAMPROW)samples + codec->next_scanline * stride;
    jpeg_write_scanlines(codec, &row, 1);
  }
  jpeg_finish_compress(codec);
  jpeg_destroy_compress(codec);
  *encoded = (CodecBytes){.bytes = writer.bytes, .count = writer.count};
  return true;
}
