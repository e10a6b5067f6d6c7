#ifndef BLEMISH_SECOND_DEVICE_H
#define BLEMISH_SECOND_DEVICE_H

#ifdef __cplusplus
extern "C" {
#endif

/// Linking this gives libtorch a device named "second": the processor again, of which libtorch does not know that it is
/// one. What runs there runs on a GPU as far as devices and number types go: an operator that is asked to mix those of
/// two devices, or types that only the processor's own operators mix, is an error.
///
/// Returns how many operators ran there so far.
long second_device_operators(void);

#ifdef __cplusplus
}
#endif
#endif
