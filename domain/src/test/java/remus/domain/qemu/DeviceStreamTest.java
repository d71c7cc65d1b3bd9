package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;

final class DeviceStreamTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final DataOutputStream out = new DataOutputStream(bytes);

    private void header() throws IOException {
        out.writeInt(0x5145564d);
        out.writeInt(3);
    }

    private void section(int number, String name, int instance, byte[] data) throws IOException {
        out.writeByte(4);
        out.writeInt(number);
        out.writeByte(name.length());
        out.write(name.getBytes(StandardCharsets.UTF_8));
        out.writeInt(instance);
        out.writeInt(2);
        out.write(data);
        out.writeByte(0x7e);
        out.writeInt(number);
    }

    private ByteBuffer stream() {
        return ByteBuffer.wrap(bytes.toByteArray());
    }

    @Test
    void listsTheSectionsInOrder() throws IOException {
        header();
        section(0, "timer", 0, new byte[20]);
        section(4, "cpu", 1, new byte[300]);
        section(5, "0000:00:02.0/virtio-net", 0, new byte[0]);
        out.writeByte(0);
        assertThat(DeviceStream.sections(stream()))
                .containsExactly(
                        new DeviceSection("timer", 0, 2),
                        new DeviceSection("cpu", 1, 2),
                        new DeviceSection("0000:00:02.0/virtio-net", 0, 2));
    }

    /** QEMU saves what other devices sit behind before them, and numbers all as they are made. */
    @Test
    void listsABridgeThatWasMadeLateAndComesFirst() throws IOException {
        header();
        section(41, "0000:00:03.0/pcie-root-port", 0, new byte[30]);
        section(0, "timer", 0, new byte[] {0x7e, 0, 0, 0, 41, 4, 0, 0, 0, 41, 1, 'x'});
        section(7, "0000:00:02.0/virtio-net", 0, new byte[9]);
        out.writeByte(0);
        assertThat(DeviceStream.sections(stream()))
                .extracting(DeviceSection::id)
                .containsExactly("0000:00:03.0/pcie-root-port", "timer", "0000:00:02.0/virtio-net");
    }

    @Test
    void isNotMisledByDataThatLooksLikeAFooter() throws IOException {
        header();
        section(4, "a", 0, new byte[] {0x7e, 0, 0, 0, 4, 9, 0x7e, 0, 0, 0, 4, 4, 0, 0, 0, 0});
        section(5, "b", 0, new byte[] {0x7e, 0, 0, 0, 5, 0, 1});
        out.writeByte(0);
        assertThat(DeviceStream.sections(stream()))
                .extracting(DeviceSection::id)
                .containsExactly("a", "b");
    }

    @Test
    void refusesEveryCutOffStream() throws IOException {
        header();
        section(4, "a", 0, new byte[9]);
        section(5, "b", 0, new byte[9]);
        out.writeByte(0);
        byte[] whole = bytes.toByteArray();
        for (int length = 0; length < whole.length - 1; length++) {
            ByteBuffer cut = ByteBuffer.wrap(whole, 0, length);
            assertThatThrownBy(() -> DeviceStream.sections(cut))
                    .as("cut at " + length)
                    .isInstanceOf(DomainException.class);
        }
    }

    @Test
    void answersAnyGarbageWithAReason() {
        long seed = Long.getLong("rng.seed", System.nanoTime());
        Random random = new Random(seed);
        for (int i = 0; i < 2_000; i++) {
            byte[] garbage = new byte[8 + random.nextInt(200)];
            random.nextBytes(garbage);
            ByteBuffer buffer = ByteBuffer.wrap(garbage).putInt(0, 0x5145564d).putInt(4, 3);
            if (garbage.length > 8) {
                buffer.put(8, (byte) 4);
            }
            assertThatThrownBy(() -> DeviceStream.sections(buffer))
                    .as("-Drng.seed=" + seed)
                    .isInstanceOf(DomainException.class);
        }
    }
}
