#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

#include "Codecs.h"

static uint32_t little_endian(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

bool webp_header(
  const uint8_t *bytes, size_t count, const CodecOptions *options, CodecPicture *picture, CodecError *error) {
  (void)options;
  WebPBitstreamFeatures features;
  VP8StatusCode status = WebPGetFeatures(bytes, count, &features);
  if (status != VP8_STATUS_OK) {
    codec_fail(
      error, status == VP8_STATUS_NOT_ENOUGH_DATA ? "the file ends within its header" : "its header is damaged");
    return false;
  }
  if (features.has_animation) {
    codec_fail(error, "it is an animation; save one picture of it");
    return false;
  }
  *picture = (CodecPicture){
    .width = (uint32_t)features.width,
    .height = (uint32_t)features.height,
    .full_width = (uint32_t)features.width,
    .full_height = (uint32_t)features.height,
    .channels = 3,
    .bits = 8,
    .orientation = 1,
    .passed_over = features.has_alpha ? 1 : 0,
    .is_buffered = 1,
  };
  return true;
}

bool webp_decode(
  const uint8_t *bytes, size_t count, const CodecOptions *options, const CodecPicture *picture, void *samples,
  CodecError *error) {
  CodecPicture found;
  if (!webp_header(bytes, count, options, &found, error)) return false;
  if (memcmp(&found, picture, sizeof found)) {
    codec_fail(error, "the header does not match");
    return false;
  }
  // The pixels may be whole where the file is not: its length is in its header.
  if (count < 12 || (uint64_t)little_endian(bytes + 4) + 8 > count) {
    codec_fail(error, "the file ends too early");
    return false;
  }
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) {
    codec_fail(error, "libwebp is of another version");
    return false;
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = samples;
  config.output.u.RGBA.stride = (int)picture->width * 3;
  config.output.u.RGBA.size = (size_t)picture->width * picture->height * 3;
  VP8StatusCode status = WebPDecode(bytes, count, &config);
  WebPFreeDecBuffer(&config.output);
  switch (status) {
  case VP8_STATUS_OK: return true;
  case VP8_STATUS_OUT_OF_MEMORY: codec_fail(error, "out of memory"); return false;
  case VP8_STATUS_NOT_ENOUGH_DATA: codec_fail(error, "the file ends too early"); return false;
  default: codec_fail(error, "it is damaged"); return false;
  }
}

bool webp_encode(
  const CodecPicture *picture, const void *samples, int quality, CodecBytes *encoded, CodecError *error) {
  if (picture->bits != 8 || picture->channels != 3 || picture->width > 16383 || picture->height > 16383) {
    codec_fail(error, "WebP holds at most 16383 x 16383 pixels of RGB with 8 bits");
    return false;
  }
  int width = (int)picture->width, height = (int)picture->height;
  uint8_t *output = NULL;
  size_t count = quality > 0 ? WebPEncodeRGB(samples, width, height, 3 * width, (float)quality, &output)
                             : WebPEncodeLosslessRGB(samples, width, height, 3 * width, &output);
  size_t capacity = 0;
  bool done = count > 0 && codec_put(encoded, &capacity, 0, output, count);
  if (!done) codec_fail(error, "libwebp could not write it");
  WebPFree(output);
  return done;
}
