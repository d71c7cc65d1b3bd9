package remus.domain.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import remus.domain.Disk;
import remus.domain.DomainException;
import remus.domain.Finding;
import remus.domain.StandbySpec;
import remus.domain.linux.BridgePort;
import remus.domain.linux.NetInterface;

/**
 * Examines whether a standby could be made on this host, and would run: every condition, passed or
 * not, before anything is changed.
 */
final class StandbyCheck {
    private static final Pattern VERSION = Pattern.compile("version (\\d+\\.\\d+\\.\\d+)");
    private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s+(\\d+) kB");
    private static final Pattern CPU = Pattern.compile("model name\\s*: (.*)");
    private static final int OUTPUT_LIMIT_BYTES = 4096;
    private static final Path KVM = Path.of("/dev/kvm");

    private final QemuStandbySpec spec;
    private final List<String> replicated;
    private final StandbySettings settings;
    private final List<Finding> findings = new ArrayList<>();

    /**
     * @throws DomainException {@code bad-standby-spec}
     */
    StandbyCheck(StandbySpec offered, StandbySettings settings) {
        this(
                QemuStandbySpec.fromJson(offered.spec()),
                offered.disks().stream().map(Disk::name).toList(),
                settings);
    }

    /**
     * @param replicated names of the media that get an image here
     */
    StandbyCheck(QemuStandbySpec spec, List<String> replicated, StandbySettings settings) {
        this.spec = spec;
        this.replicated = replicated;
        this.settings = settings;
    }

    List<Finding> findings() {
        version();
        memory();
        commandLine();
        spec.files().forEach(this::file);
        MediumCheck media = new MediumCheck(settings.paths());
        spec.disks().stream()
                .filter(disk -> !replicated.contains(disk.name()))
                .map(media::examine)
                .forEach(findings::add);
        accelerator();
        cpu();
        return List.copyOf(findings);
    }

    private void version() {
        String binary = here(spec.argv().get(0));
        String output;
        try {
            output = output(binary, "--version");
        } catch (IOException e) {
            findings.add(
                    Finding.fail(
                            "qemu-missing",
                            "no QEMU at " + binary + ": " + e.getMessage(),
                            "install QEMU " + spec.qemuVersion() + " on the backup"));
            return;
        }
        Matcher version = VERSION.matcher(output);
        String found = version.find() ? version.group(1) : output.trim();
        findings.add(
                found.equals(spec.qemuVersion())
                        ? Finding.pass("qemu-version", "QEMU " + found + " on both hosts")
                        : Finding.fail(
                                "qemu-version",
                                "QEMU is "
                                        + found
                                        + " at the backup and "
                                        + spec.qemuVersion()
                                        + " at the primary",
                                "install the same version of QEMU on both hosts"));
    }

    private void memory() {
        long needed = spec.memory().stream().mapToLong(QemuStandbySpec.Block::bytes).sum();
        try {
            Matcher meminfo = AVAILABLE.matcher(Files.readString(Path.of("/proc/meminfo")));
            long available = meminfo.find() ? Long.parseLong(meminfo.group(1)) << 10 : 0;
            long free = Files.getFileStore(settings.memoryDirectory()).getUsableSpace();
            String room =
                    (available >> 20)
                            + " MiB of memory, "
                            + (free >> 20)
                            + " MiB in "
                            + settings.memoryDirectory();
            findings.add(
                    Math.min(available, free) >= needed
                            ? Finding.pass("memory", (needed >> 20) + " MiB needed, free: " + room)
                            : Finding.fail(
                                    "out-of-memory",
                                    (needed >> 20) + " MiB needed, free: " + room,
                                    "free memory on the backup or enlarge the tmpfs"));
        } catch (IOException e) {
            findings.add(
                    Finding.fail(
                            "out-of-memory",
                            "the memory free at the backup cannot be examined: " + e,
                            "make " + settings.memoryDirectory() + " a tmpfs"));
        }
    }

    private void commandLine() {
        try {
            Path nowhere = Path.of("/");
            StandbyCommandLine line =
                    StandbyCommandLine.of(
                            spec.argv(),
                            spec.machineType(),
                            spec.memory().get(0).bytes(),
                            new StandbyCommandLine.Files(nowhere, nowhere, nowhere, nowhere),
                            StandbyCommandLine.Media.ofUnknownImages(
                                    Path.of(spec.cwd()), spec.disks(), replicated),
                            settings);
            findings.add(Finding.pass("command-line", "the primary's command line fits a standby"));
            line.taps().forEach(this::tap);
        } catch (DomainException e) {
            fail(e);
        }
    }

    private void tap(String name) {
        try {
            NetInterface tap = new NetInterface(name);
            TapInterfaces.check(tap);
            findings.add(Finding.pass("tap", "tap interface " + name + " is there and free"));
            BridgePort.of(tap).map(BridgePort::speaksAtOnce).ifPresent(findings::add);
        } catch (DomainException e) {
            fail(e);
        }
    }

    private void fail(DomainException e) {
        findings.add(Finding.fail(e.code(), String.valueOf(e.getMessage()), e.correction()));
    }

    private void file(QemuStandbySpec.BootFile file) {
        String path = here(file.path());
        String what = file.role() + " " + path;
        try {
            boolean same = sha256(Path.of(path)).equalsIgnoreCase(file.sha256());
            findings.add(
                    same
                            ? Finding.pass("boot-file", what + " is the same on both hosts")
                            : Finding.fail(
                                    "boot-file",
                                    what + " differs from the primary's " + file.path(),
                                    "copy it from the primary"));
        } catch (IOException e) {
            findings.add(
                    Finding.fail(
                            "boot-file",
                            what + " cannot be read at the backup: " + e,
                            "copy it from the primary"));
        }
    }

    private void accelerator() {
        if (!usesKvm()) {
            findings.add(Finding.pass("accelerator", "TCG: needs nothing of the host"));
        } else if (Files.isReadable(KVM) && Files.isWritable(KVM)) {
            findings.add(Finding.pass("accelerator", KVM + " can be opened"));
        } else {
            findings.add(
                    Finding.fail(
                            "accelerator",
                            "the primary uses KVM, and " + KVM + " cannot be opened at the backup",
                            "switch virtualization on in the backup's firmware, or load kvm"));
        }
    }

    private boolean usesKvm() {
        for (CommandOption option :
                CommandOption.parse(spec.argv().subList(1, spec.argv().size()))) {
            String kind = "";
            if (option.is("accel")) {
                kind = option.properties().kind("accel");
            } else if (option.is("machine", "M")) {
                kind = String.valueOf(option.properties().get("accel"));
            }
            if (option.is("enable-kvm") || List.of(kind.split(":")).contains("kvm")) {
                return true;
            }
        }
        return false;
    }

    private void cpu() {
        if (!spec.cpuModel().startsWith("host-") && !spec.cpuModel().startsWith("max-")) {
            findings.add(Finding.pass("cpu-model", spec.cpuModel() + " is the same everywhere"));
            return;
        }
        String here = "unknown";
        try {
            Matcher model = CPU.matcher(Files.readString(Path.of("/proc/cpuinfo")));
            here = model.find() ? model.group(1) : here;
        } catch (IOException e) {
            here = "unknown (" + e + ")";
        }
        findings.add(
                Finding.pass(
                        "cpu-model",
                        spec.cpuModel()
                                + " only works between hosts with equal CPUs; the backup's is "
                                + here));
    }

    private String here(String path) {
        return settings.paths().getOrDefault(path, path);
    }

    private static String output(String... command) throws IOException {
        Process process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectInput(Path.of("/dev/null").toFile())
                        .start();
        try (InputStream in = process.getInputStream()) {
            String text = new String(in.readNBytes(OUTPUT_LIMIT_BYTES), StandardCharsets.UTF_8);
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                throw new IOException("it does not answer");
            }
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[1 << 16];
            int count = in.read(buffer);
            while (count >= 0) {
                digest.update(buffer, 0, count);
                count = in.read(buffer);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
