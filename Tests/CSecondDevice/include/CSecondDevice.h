#ifndef BLEMISH_SECOND_DEVICE_H
#define BLEMISH_SECOND_DEVICE_H

#ifdef __cplusplus
extern "C" {
#endif

/// Linking this gives libtorch a device named "second": the processor again, of which libtorch does not know that it is
/// one. An operator that is given tensors of two devices is an error there, as on a GPU, and so is a layer norm of numbers
/// of two types.
///
/// Returns how many operators ran there so far.
long second_device_operators(void);

#ifdef __cplusplus
}
#endif
#endif
