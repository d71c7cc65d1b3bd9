package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A disk for a VM of the lab, and what the load maker says of those that it writes to. */
final class DataDisk {
    private static final Pattern CHECKED = Pattern.compile("ok blocks=(\\d+) wrong=(\\d+)");
    private static final Pattern WRITTEN = Pattern.compile("ok writes=(\\d+) failures=(\\d+)");
    private static final int MIB = 1 << 20;

    private final Path image;
    private final String inHost;
    private final String id;
    private final String format;

    private DataDisk(Path image, String inHost, String id, String format) {
        this.image = image;
        this.inHost = inHost;
        this.id = id;
        this.format = format;
    }

    /** Makes an image that holds nothing, in the directory of a host of the lab. */
    static DataDisk make(Lab lab, String host, String id, String format, int mib) {
        Path image = lab.directory.resolve(host).resolve(id + ".img");
        Outcome.run("qemu-img", "create", "-q", "-f", format, image.toString(), mib + "M")
                .succeeded();
        return new DataDisk(image, "/run/vm/" + image.getFileName(), id, format);
    }

    /** Puts random bytes into a raw image. */
    DataDisk withContent(Random random, int fromMib, int toMib) throws IOException {
        byte[] piece = new byte[MIB];
        try (var channel = Files.newByteChannel(image, StandardOpenOption.WRITE)) {
            for (int at = fromMib; at < toMib; at++) {
                random.nextBytes(piece);
                channel.position((long) at * MIB);
                assertThat(channel.write(ByteBuffer.wrap(piece))).isEqualTo(MIB);
            }
        }
        return this;
    }

    /** The guest keeps its Redis on its first disk if it finds a file system there. */
    DataDisk withFileSystem() {
        Outcome.run("mke2fs", "-q", "-t", "ext4", image.toString()).succeeded();
        return this;
    }

    Path image() {
        return image;
    }

    String inHost() {
        return inHost;
    }

    /** Where the backup keeps its copy. */
    Path copyOn(Lab lab, String host) {
        return lab.directory
                .resolve(host)
                .resolve("state/disks/" + Lab.VM + "/" + Lab.VM + "-" + id + ".raw");
    }

    /** An argument of QEMU's, to follow -drive. */
    String drive() {
        return "if=virtio,id=" + id + ",cache=none,format=" + format + ",file=" + inHost;
    }

    /** Writes that the disk has completed; none has failed. */
    static long writes(LoadMaker guest, String command) {
        String answer = guest.ask(command);
        Matcher written = WRITTEN.matcher(answer);
        assertThat(written.matches()).as(answer).isTrue();
        assertThat(Long.parseLong(written.group(2))).as("writes that failed").isZero();
        return Long.parseLong(written.group(1));
    }

    /** Every block is what the guest remembers to have written there last. */
    static String check(LoadMaker guest) {
        String answer = guest.ask("disk check");
        Matcher checked = CHECKED.matcher(answer);
        assertThat(checked.matches()).as(answer).isTrue();
        assertThat(Integer.parseInt(checked.group(1))).as("blocks written").isGreaterThan(10);
        assertThat(Integer.parseInt(checked.group(2))).as(answer).isZero();
        return answer;
    }
}
