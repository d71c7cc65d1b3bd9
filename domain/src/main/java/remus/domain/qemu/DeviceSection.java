package remus.domain.qemu;

/**
 * One section of QEMU's device stream: a device as migration knows it.
 *
 * @param id the name that it is found by when loading, such as {@code 0000:00:02.0/virtio-net}
 * @param instance tells devices of one name apart
 * @param version of the device's state
 */
public record DeviceSection(String id, int instance, int version) {}
