package remus.domain.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import remus.domain.DomainException;
import remus.domain.qemu.QemuStandbySpec.Block;

final class QemuMemoryMapTest {
    private static final String LOW =
            """
            FlatView #0
             AS "I/O", root: io
             Root memory region: io
              0000000000000000-0000000000000007 (prio 0, i/o): dma-chan

            FlatView #1
             AS "memory", root: system
             AS "cpu-memory-0", root: system
             Root memory region: system
              0000000000000000-000000000009ffff (prio 0, ram): pc.ram
              00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem
              00000000000c0000-00000000000cafff (prio 0, rom): pc.ram @00000000000c0000
              0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000
              00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram
              00000000ffc00000-00000000ffc83fff (prio 0, romd): system.flash1
              00000000fffc0000-00000000ffffffff (prio 0, rom): pc.bios
            """;
    private static final String HIGH =
            "  0000000100000000-000000017fffffff (prio 0, ram): pc.ram @0000000080000000\n";
    private static final String OTHER_VIEW =
            """

            FlatView #2
             AS "cpu-smm-0", root: memory
              0000000000000000-00000000000bffff (prio 0, ram): smram
            """;

    /** As firmware has it before it copies itself into RAM. */
    private static final String OPTION_ROM =
            "  00000000000c0000-00000000000dffff (prio 1, rom): pc.rom\n";

    /**
     * Answers as QEMU does for RAM whose upper part is at {@code above}; each question for the tree
     * takes one of {@code trees} but the last stays.
     */
    private record FakeMonitor(Deque<String> trees, long baseBytes, long above) implements Monitor {
        FakeMonitor(String tree, long baseBytes, long above) {
            this(new ArrayDeque<>(List.of(tree)), baseBytes, above);
        }

        private String tree() {
            return trees.size() > 1 ? trees.remove() : trees.element();
        }

        @Override
        public JsonNode execute(String command, Map<String, ?> arguments) {
            JsonNodeFactory json = JsonNodeFactory.instance;
            return switch (command) {
                case "query-memory-size-summary" -> json.objectNode().put("base-memory", baseBytes);
                case "query-memory-devices" -> json.arrayNode();
                default -> json.textNode(answer((String) arguments.get("command-line")));
            };
        }

        private String answer(String line) {
            return switch (line) {
                case "info mtree -f" -> tree().replace("\n", "\r\n");
                case "gpa2hva 0x0" -> host(line, "pc.ram", 0x7f00_0000_0000L);
                case "gpa2hva 0x100000000" -> host(line, "pc.ram", above);
                case "gpa2hva 0xfd000000" -> host(line, "vga.vram", 0x7e00_0000_0000L);
                case "gpa2hva 0xffc00000" -> host(line, "system.flash1", 0x7d00_0000_0000L);
                case "gpa2hva 0xfffc0000" -> host(line, "pc.bios", 0x7c00_0000_0000L);
                default -> "No memory is mapped at address\r\n";
            };
        }

        private static String host(String line, String name, long address) {
            return "Host virtual address for "
                    + line.substring(8)
                    + " ("
                    + name
                    + ") is 0x"
                    + Long.toHexString(address)
                    + "\r\n";
        }

        @Override
        public void onEvent(Consumer<JsonNode> listener) {}

        @Override
        public void removeEventListener(Consumer<JsonNode> listener) {}

        @Override
        public void onClosed(Consumer<String> listener) {}

        @Override
        public void close() {}
    }

    @Test
    void findsRamFlashAndRomOfAGuestOfFourGigabytes() {
        QemuMemoryMap map =
                QemuMemoryMap.read(
                        new FakeMonitor(LOW + HIGH + OTHER_VIEW, 4L << 30, 0x7f00_8000_0000L));
        assertThat(map.blocks())
                .containsExactly(
                        new Block("pc.ram", 0, 4L << 30, 2L << 30),
                        new Block("vga.vram", 0xfd000000L, 16 << 20, 16 << 20),
                        new Block("system.flash1", 0xffc00000L, 0x84000, 0x84000),
                        new Block("pc.bios", 0xfffc0000L, 0x40000, 0x40000));
        assertThat(map.addresses().get(0).end()).isEqualTo(0x7f01_0000_0000L);
        assertThat(map.regions().get(0).pages()).isEqualTo(1 << 20);
    }

    @Test
    void findsRamThatEndsBelowTheHole() {
        QemuMemoryMap map = QemuMemoryMap.read(new FakeMonitor(LOW, 2L << 30, 0));
        assertThat(map.blocks().get(0)).isEqualTo(new Block("pc.ram", 0, 2L << 30, 2L << 30));
    }

    @Test
    void asksAgainWhatFirmwareMovedMeanwhile() {
        Deque<String> trees = new ArrayDeque<>(List.of(LOW + OPTION_ROM, LOW + HIGH, LOW));
        assertThat(QemuMemoryMap.read(new FakeMonitor(trees, 2L << 30, 0)).blocks())
                .extracting(Block::name)
                .containsExactly("pc.ram", "vga.vram", "system.flash1", "pc.bios");
    }

    @Test
    void tellsOfMemoryThatNeverLiesStill() {
        Deque<String> trees = new ArrayDeque<>();
        for (int i = 0; i < 1000; i++) {
            trees.add(i % 2 == 0 ? LOW : LOW + OPTION_ROM);
        }
        assertThatThrownBy(() -> QemuMemoryMap.read(new FakeMonitor(trees, 2L << 30, 0)))
                .isInstanceOfSatisfying(
                        DomainException.class, e -> assertThat(e.code()).isEqualTo("memory-moves"));
    }

    private static void assertRefused(String tree, long baseBytes, long above) {
        assertThatThrownBy(() -> QemuMemoryMap.read(new FakeMonitor(tree, baseBytes, above)))
                .isInstanceOfSatisfying(
                        DomainException.class,
                        e -> assertThat(e.code()).isEqualTo("unsupported-memory"));
    }

    @Test
    void refusesMemoryThatIsNotOneBlock() {
        assertRefused(LOW + HIGH, 4L << 30, 0x7b00_0000_0000L);
        assertRefused(LOW + HIGH, 3L << 30, 0x7f00_8000_0000L);
        assertRefused(LOW, 1L << 30, 0);
        assertRefused(LOW.replace("romd", "nv-ram"), 2L << 30, 0);
        assertRefused("", 2L << 30, 0);
    }
}
