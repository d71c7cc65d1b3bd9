package remus.domain.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class HugePagesTest {
    private static final int BYTES = (8 << 20) + 12_288;

    @Test
    void givesZeroedMemoryOfJustThatLength() {
        ByteBuffer memory = HugePages.allocateForever(BYTES);
        assertThat(memory.isDirect()).isTrue();
        assertThat(memory.capacity()).isEqualTo(BYTES);
        assertThat(memory.mismatch(ByteBuffer.allocate(BYTES))).isEqualTo(-1);
        memory.put(BYTES - 1, (byte) 1);
    }

    @Test
    void liesInHugePagesWhereTheKernelHasThem() throws IOException {
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeThat(Files.exists(setting) && !Files.readString(setting).contains("[never]"))
                .isTrue();
        ByteBuffer memory = HugePages.allocateForever(BYTES);
        long address = Pointer.nativeValue(Native.getDirectBufferPointer(memory));
        assertThat(address % (2 << 20)).isZero();
        assertThat(hugeKibibytes(address)).isGreaterThanOrEqualTo(8192);
    }

    /** AnonHugePages of the mapping that {@code address} lies in; see proc_pid_smaps(5). */
    private static long hugeKibibytes(long address) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        boolean inside = false;
        for (String line : lines) {
            String first = line.split(" ", 2)[0];
            if (first.matches("[0-9a-f]+-[0-9a-f]+")) {
                String[] ends = first.split("-", 2);
                inside =
                        Long.compareUnsigned(Long.parseUnsignedLong(ends[0], 16), address) <= 0
                                && Long.compareUnsigned(
                                                address, Long.parseUnsignedLong(ends[1], 16))
                                        < 0;
            } else if (inside && line.startsWith("AnonHugePages:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return -1;
    }
}
