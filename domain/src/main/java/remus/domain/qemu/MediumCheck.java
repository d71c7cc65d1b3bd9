package remus.domain.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import remus.domain.Finding;

/**
 * Whether a medium that is not replicated is at this host: the standby opens a file of its own, and
 * the guest must find a medium of the same size in it.
 *
 * @param paths files here, by their paths at the primary
 */
record MediumCheck(Map<String, String> paths) {
    private static final int QCOW2_MAGIC = 0x514649fb;

    /** Where the header of a qcow2 image has the size that its guest sees. */
    private static final int QCOW2_SIZE_OFFSET = 24;

    Finding examine(QemuDisk medium) {
        String what = "medium of " + medium.name() + " ";
        if (!medium.file().startsWith("/")) {
            return Finding.pass("medium", what + medium.file() + " is no file of a host");
        }
        String path = paths.getOrDefault(medium.file(), medium.file());
        Path file = Path.of(path);
        boolean written = medium.writable() && !medium.isFlash();
        if (!Files.isReadable(file) || (written && !Files.isWritable(file))) {
            String cannot = written ? " cannot be read and written" : " cannot be read";
            return Finding.fail("medium", what + path + cannot + " at the backup", mend(medium));
        }
        long bytes;
        try {
            bytes = written ? guestBytes(file, medium.format()) : QemuDisk.length(path);
        } catch (IOException e) {
            String problem = what + path + " cannot be read at the backup: " + e;
            return Finding.fail("medium", problem, mend(medium));
        }
        long expected = written ? medium.bytes() : medium.fileBytes();
        if (bytes == expected || expected == 0) {
            return Finding.pass("medium", what + path + " is on both hosts");
        }
        return Finding.fail(
                "medium",
                what
                        + path
                        + ": "
                        + bytes
                        + " bytes at the backup, "
                        + expected
                        + " at the primary",
                mend(medium));
    }

    private static String mend(QemuDisk medium) {
        if (!medium.writable()) {
            return "have it sent with --copy-media, copy it from the primary, or eject it there";
        }
        return medium.isFlash()
                ? "copy it from the primary"
                : "make one there, such as `qemu-img create -f "
                        + (medium.format().equals("qcow2") ? "qcow2" : "raw")
                        + " FILE "
                        + medium.bytes()
                        + "`, name one under `standby.paths`, or let it be replicated";
    }

    /** What the guest sees. Of a raw image nothing that its guest wrote is taken for a header. */
    private static long guestBytes(Path file, String format) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(QCOW2_SIZE_OFFSET + Long.BYTES);
        try (FileChannel channel = FileChannel.open(file)) {
            while (!format.equals("raw") && header.hasRemaining()) {
                if (channel.read(header) < 0) {
                    break;
                }
            }
            boolean isQcow2 = !header.hasRemaining() && header.getInt(0) == QCOW2_MAGIC;
            return isQcow2 ? header.getLong(QCOW2_SIZE_OFFSET) : channel.size();
        }
    }
}
