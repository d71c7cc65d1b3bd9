package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import remus.protocol.DiskPayload;

/** What two disks must hold, kept beside a store that is told the same. */
final class DiskModel {
    static final Path DIRECTORY = Path.of("/state/web1");
    static final List<DiskImageSpec> DISKS =
            List.of(
                    new DiskImageSpec("vda", Path.of("/images/vda.raw"), 96 << 10),
                    new DiskImageSpec("vdb", Path.of("/images/vdb.raw"), (40 << 10) + 700));

    /** A frame for a disk. */
    record Write(int disk, int extents, ByteBuf payload) {}

    private final Random random;
    private final byte[][] contents;

    DiskModel(Random random) {
        this.random = random;
        contents = DISKS.stream().map(d -> new byte[(int) d.bytes()]).toArray(byte[][]::new);
    }

    List<byte[]> snapshot() {
        return Arrays.stream(contents).map(byte[]::clone).toList();
    }

    void restore(List<byte[]> snapshot) {
        for (int i = 0; i < contents.length; i++) {
            contents[i] = snapshot.get(i).clone();
        }
    }

    /** Writes something somewhere, and says what. */
    Write write() {
        int disk = random.nextInt(DISKS.size());
        int extents = 1 + random.nextInt(4);
        List<int[]> parts = new ArrayList<>();
        for (int i = 0; i < extents; i++) {
            int length = 1 + random.nextInt(2500);
            int offset = random.nextInt(contents[disk].length - length + 1);
            parts.add(new int[] {offset, length, Math.max(0, random.nextInt(5) - 2)});
        }
        return write(disk, parts);
    }

    /** Writes data at one place, to the end of the disk at most. */
    Write data(int disk, int offset, int length) {
        int end = Math.min(contents[disk].length, offset + length);
        return write(disk, List.of(new int[] {offset, end - offset, DiskPayload.DATA}));
    }

    Write write(int disk, List<int[]> parts) {
        ByteBuf payload = Unpooled.buffer();
        for (int[] part : parts) {
            payload.writeLong(part[0]).writeInt(part[1]).writeInt(part[2]);
        }
        for (int[] part : parts) {
            byte[] bytes = new byte[part[1]];
            if (part[2] == DiskPayload.DATA) {
                random.nextBytes(bytes);
                payload.writeBytes(bytes);
            }
            System.arraycopy(bytes, 0, contents[disk], part[0], bytes.length);
        }
        return new Write(disk, parts.size(), payload);
    }

    static boolean matches(SimMedium medium, List<byte[]> expected) {
        for (int i = 0; i < expected.size(); i++) {
            if (!Arrays.equals(expected.get(i), medium.content(DISKS.get(i).path()))) {
                return false;
            }
        }
        return true;
    }
}
