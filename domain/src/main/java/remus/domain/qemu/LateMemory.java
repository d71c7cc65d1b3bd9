package remus.domain.qemu;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import remus.domain.DomainException;

/**
 * Puts the memory blocks besides the main RAM into a loaded, paused standby. A waiting QEMU does
 * not load its ROMs, so without this the guest would run but never boot again.
 *
 * <p>Only now is it known where they are: QEMU finds a block by its guest-physical address, and
 * firmware or guest may have moved a PCI device's memory since the primary described it. A block
 * that is mapped nowhere cannot be found, and the guest cannot see it either.
 */
final class LateMemory {
    /** Blocks up to this size are copied whole, as the standby's own may hold something already. */
    private static final long WHOLE_BYTES = 8 << 20;

    private static final Pattern TRANSLATION =
            Pattern.compile("Host virtual address for \\S+ \\((.*)\\) is 0x([0-9a-f]+)");
    private static final Pattern RANGE =
            Pattern.compile("^\\s*([0-9a-f]{16})-[0-9a-f]{16} \\(prio -?\\d+, \\w+\\): (.*?)\\s*$");

    private final StandbyProcess process;

    LateMemory(StandbyProcess process) {
        this.process = process;
    }

    void write(StandbyMemory memory, List<QemuStandbySpec.Block> blocks) throws IOException {
        Path target = Path.of("/proc", Long.toString(process.handle().pid()), "mem");
        try (FileChannel open = FileChannel.open(target, StandardOpenOption.WRITE)) {
            List<Pending> translations = translations(blocks.subList(1, blocks.size()));
            for (int region = 1; region < blocks.size(); region++) {
                QemuStandbySpec.Block block = blocks.get(region);
                long address = find(block, translations.get(region - 1));
                if (address != 0) {
                    memory.block(region).copyTo(open, address, block.bytes() <= WHOLE_BYTES);
                }
            }
        }
    }

    /** Asks for all blocks in one write: a guest waits until the last answer is here. */
    private List<Pending> translations(List<QemuStandbySpec.Block> blocks) {
        ByteArrayOutputStream commands = new ByteArrayOutputStream();
        List<Pending> answers = new ArrayList<>();
        for (QemuStandbySpec.Block block : blocks) {
            commands.writeBytes(translation(block.guestPhysical()));
            answers.add(new Pending("human-monitor-command"));
        }
        process.monitor().submit(commands.toByteArray(), answers.toArray(new Pending[0]));
        return answers;
    }

    private static byte[] translation(long guestPhysical) {
        return QmpClient.encode(
                "human-monitor-command",
                Map.of("command-line", "gpa2hva 0x" + Long.toHexString(guestPhysical)));
    }

    /** Its address in the process; 0 if the guest does not see it. */
    private long find(QemuStandbySpec.Block block, Pending translation) {
        long address = address(translation, block.name());
        if (address == 0) {
            for (String line : process.monitor().human("info mtree -f").split("\n", -1)) {
                Matcher range = RANGE.matcher(line);
                if (range.matches() && range.group(2).equals(block.name())) {
                    Pending again = new Pending("human-monitor-command");
                    process.monitor()
                            .submit(translation(Long.parseUnsignedLong(range.group(1), 16)), again);
                    return address(again, block.name());
                }
            }
        }
        return address;
    }

    private long address(Pending translation, String name) {
        try {
            Matcher found = TRANSLATION.matcher(process.monitor().await(translation).asText());
            return found.find() && found.group(1).equals(name)
                    ? Long.parseUnsignedLong(found.group(2), 16)
                    : 0;
        } catch (DomainException e) {
            if (e.code().equals("qmp-error")) {
                return 0;
            }
            throw e;
        }
    }
}
