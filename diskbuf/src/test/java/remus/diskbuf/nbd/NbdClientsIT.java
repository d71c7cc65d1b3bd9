package remus.diskbuf.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Conversations with clients that we did not write. */
@Timeout(300)
final class NbdClientsIT {
    private static final long BYTES = 3L << 30;
    private static final int MIB = 1 << 20;

    /** Which Debian package has a program. */
    private static final Map<String, String> PACKAGES =
            Map.of(
                    "nbdinfo", "libnbd-bin",
                    "nbdcopy", "libnbd-bin",
                    "nbdsh", "python3-libnbd",
                    "qemu-img", "qemu-utils",
                    "qemu-io", "qemu-utils",
                    "fio", "fio");

    enum Kind {
        MEMORY,
        FILE
    }

    @TempDir Path directory;
    private Export export;
    private NbdServer server;

    @AfterEach
    void stop() {
        server.close();
        export.close();
    }

    /** Serves an empty disk; returns its URI. */
    private String serve(Kind kind) throws IOException {
        if (kind == Kind.MEMORY) {
            return serve(new MemoryExport("disk", BYTES));
        }
        return serve(FileExport.open("disk", sparse("disk.img", BYTES), false));
    }

    private String serve(Export served) {
        export = served;
        server = NbdServer.start(List.of(export), 2);
        server.listen(directory.resolve("nbd.sock"));
        return "nbd+unix:///disk?socket=" + directory.resolve("nbd.sock");
    }

    private Path sparse(String name, long bytes) throws IOException {
        Path image = directory.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return image;
    }

    /** A disk with data at its begin, in its middle and at its end, and holes between. */
    private Path source() throws IOException {
        Path image = sparse("source.img", BYTES);
        byte[] noise = new byte[5 * MIB];
        new Random(1).nextBytes(noise);
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            for (long offset : new long[] {0, BYTES / 2, BYTES - noise.length}) {
                file.seek(offset);
                file.write(noise);
            }
        }
        return image;
    }

    private String run(String... command) throws IOException, InterruptedException {
        assertThat(present(command[0]))
                .as("%s is here: apt-get install %s", command[0], PACKAGES.get(command[0]))
                .isTrue();
        Path said = Files.createTempFile(directory, "said", ".txt");
        ProcessBuilder program =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile());
        // nbdsh runs the first python3, and only Debian's knows Debian's modules
        program.environment().merge("PATH", "", (path, none) -> "/usr/bin:" + path);
        Process process = program.start();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        String text = Files.readString(said);
        assertThat(process.waitFor()).as("%s: %s", List.of(command), text).isZero();
        return text;
    }

    private static boolean present(String program) {
        for (String place : System.getenv("PATH").split(":", -1)) {
            if (Files.isExecutable(Path.of(place, program))) {
                return true;
            }
        }
        return false;
    }

    /** Runs Python with a handle {@code h} that is not connected, and the names U and S. */
    private void nbdsh(String uri, String... lines) throws IOException, InterruptedException {
        Path script = directory.resolve("script.py");
        Files.writeString(
                script, "U = '" + uri + "'\nS = " + BYTES + "\n" + String.join("\n", lines) + "\n");
        run("nbdsh", "-c", "exec(open('" + script + "').read())");
    }

    @ParameterizedTest
    @EnumSource
    void nbdinfoSeesWhatIsOffered(Kind kind) throws Exception {
        String uri = serve(kind);
        assertThat(run("nbdinfo", uri))
                .contains("newstyle-fixed", "structured packets", "export-size: " + BYTES)
                .contains("base:allocation", "can_multi_conn: true", "can_fast_zero: true")
                .contains("can_df: true", "can_fua: true", "can_cache: true")
                .contains("block_size_maximum: 33554432", "is_read_only: false");
        assertThat(run("nbdinfo", "--list", uri)).contains("export=\"disk\"");
        assertThat(run("nbdinfo", "--map", "--totals", uri)).contains("100.0%").contains("hole");
    }

    @Test
    void tcpWorksToo() throws Exception {
        serve(Kind.MEMORY);
        InetSocketAddress address =
                server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        assertThat(run("nbdinfo", "--size", "nbd://127.0.0.1:" + address.getPort() + "/disk"))
                .isEqualTo(BYTES + "\n");
    }

    @ParameterizedTest
    @EnumSource
    void nbdcopyBringsADiskHereAndBack(Kind kind) throws Exception {
        String uri = serve(kind);
        Path source = source();
        run("nbdcopy", "--flush", source.toString(), uri);
        assertThat(run("nbdinfo", "--map", "--totals", uri)).contains("data").contains("hole");
        Path back = sparse("back.img", BYTES);
        run("nbdcopy", uri, back.toString());
        assertThat(Files.mismatch(source, back)).isEqualTo(-1);
    }

    @ParameterizedTest
    @EnumSource
    void nbdshSeesEachCommandDoWhatItSays(Kind kind) throws Exception {
        nbdsh(
                serve(kind),
                "h.add_meta_context('base:allocation')",
                "h.connect_uri(U)",
                "assert h.get_structured_replies_negotiated() and"
                        + " h.can_meta_context('base:allocation')",
                "big = bytes(range(256)) * (1 << 17)", // 32 MiB
                "h.pwrite(big, 12345, nbd.CMD_FLAG_FUA)",
                "assert h.pread(len(big), 12345) == big",
                "assert h.pread_structured(100, 12345 + 256, lambda *_: None, nbd.CMD_FLAG_DF)"
                        + " == bytes(range(100))",
                "h.zero(65536, 65536 * 2)",
                "h.zero(300, 65536 * 6 + 1, nbd.CMD_FLAG_NO_HOLE)",
                "h.zero(65536, 65536 * 8, nbd.CMD_FLAG_FAST_ZERO)",
                "assert h.pread(65536, 65536 * 2) == bytes(65536)",
                "assert h.pread(1, 65536 * 6 + 299) == bytes(1)",
                "h.trim(1 << 20, 1 << 21)",
                "h.cache(1 << 20, 0)",
                "h.flush()",
                "found = []",
                "h.block_status(S // 2, 0, lambda c, o, e, err: found.extend(e))",
                "assert sum(found[::2]) == S // 2 and set(found[1::2]) == {0, 3}, found",
                "found = []",
                "h.block_status(S // 2, 7, lambda c, o, e, err: found.extend(e),"
                        + " nbd.CMD_FLAG_REQ_ONE)",
                "assert len(found) == 2, found",
                "many = [nbd.Buffer(65536) for i in range(200)]",
                "tags = [h.aio_pread(b, i * 65536) for i, b in enumerate(many)]",
                "while h.aio_in_flight(): h.poll(-1)",
                "assert all(h.aio_command_completed(t) for t in tags)",
                "assert many[20].to_bytearray() == h.pread(65536, 20 * 65536)",
                "h.shutdown()");
    }

    @ParameterizedTest
    @EnumSource
    void nbdshIsRefusedWhatCannotBe(Kind kind) throws Exception {
        nbdsh(
                serve(kind),
                "import errno",
                "h.connect_uri(U)",
                "h.set_strict_mode(0)",
                "def refused(number, call):",
                "    try: call()",
                "    except nbd.Error as e: assert e.errnum == number, e",
                "    else: raise AssertionError('not refused')",
                "refused(errno.EINVAL, lambda: h.pread(2, S - 1))",
                "refused(errno.ENOSPC, lambda: h.pwrite(b'xy', S - 1))",
                "refused(errno.ENOSPC, lambda: h.zero(2, S - 1))",
                "refused(errno.EINVAL, lambda: h.trim(2, S - 1))",
                "refused(errno.EINVAL, lambda: h.flush(64))",
                "assert h.pread(2, S - 2) == bytes(2)", // it goes on
                "h.shutdown()");
    }

    @Test
    void nbdshFindsAReadOnlyExportReadOnly() throws Exception {
        String uri = serve(FileExport.open("disk", source(), true));
        nbdsh(
                uri,
                "import errno",
                "h.connect_uri(U)",
                "h.set_strict_mode(0)",
                "assert h.is_read_only() and not h.can_trim()",
                "for call in (lambda: h.pwrite(b'x', 0), lambda: h.zero(1, 0)):",
                "    try: call()",
                "    except nbd.Error as e: assert e.errnum == errno.EPERM, e",
                "    else: raise AssertionError('not refused')",
                "assert h.pread(4, 0) != bytes(4)");
    }

    @Test
    void nbdshHagglesInEveryWay() throws Exception {
        nbdsh(
                serve(Kind.MEMORY),
                "h.set_opt_mode(True)",
                "h.connect_unix(U.split('=')[1])",
                "names = []",
                "h.opt_list(lambda name, text: names.append(name))",
                "assert names == ['disk'], names",
                "h.add_meta_context('base:')",
                "contexts = []",
                "h.opt_list_meta_context(lambda name: contexts.append(name))",
                "assert contexts == ['base:allocation'], contexts",
                "h.set_export_name('none')",
                "try: h.opt_go()",
                "except nbd.Error as e: pass",
                "else: raise AssertionError('an export of no name')",
                "h.set_export_name('disk')",
                "h.opt_info()",
                "assert h.get_size() == S",
                "h.opt_go()",
                "assert h.pread(3, 0) == bytes(3)",
                "h.shutdown()",
                "h = nbd.NBD()", // as the oldest clients do: one option, padding, simple replies
                "h.set_handshake_flags(0)",
                "h.set_request_structured_replies(False)",
                "h.set_export_name('disk')",
                "h.connect_unix(U.split('=')[1])",
                "assert h.get_protocol() == 'newstyle'",
                "h.pwrite(b'old', 5)",
                "assert h.pread(3, 5) == b'old'",
                "h.shutdown()",
                "h = nbd.NBD()",
                "h.set_tls(nbd.TLS_REQUIRE) if h.supports_tls() else None",
                "try: h.connect_unix(U.split('=')[1])",
                "except nbd.Error as e: pass",
                "else: assert not h.supports_tls(), 'TLS was required and not given'");
    }

    @ParameterizedTest
    @EnumSource
    void qemuImgConvertsAndCompares(Kind kind) throws Exception {
        String uri = serve(kind);
        String source = source().toString();
        run("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", "-W", source, uri);
        run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, uri);
        assertThat(run("qemu-img", "map", "-f", "raw", "--output=json", uri))
                .contains("\"zero\": true", "\"data\": true");
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", uri, "back.qcow2");
        run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", source, "back.qcow2");
    }

    @ParameterizedTest
    @EnumSource
    void qemuIoReadsWhatItWrote(Kind kind) throws Exception {
        String uri = serve(kind);
        String said =
                run(
                        "qemu-io",
                        "-f",
                        "raw",
                        "--discard=unmap",
                        "-c",
                        "write -P 0x5a 1M 40M",
                        "-c",
                        "aio_write -P 0xa5 2G 1M",
                        "-c",
                        "aio_flush",
                        "-c",
                        "write -f -P 0x11 4k 4k",
                        "-c",
                        "write -z -u 8M 4M",
                        "-c",
                        "write -z 16M 1M",
                        "-c",
                        "discard 20M 2M",
                        "-c",
                        "flush",
                        "-c",
                        "read -P 0x5a 1M 7M",
                        "-c",
                        "read -P 0 8M 4M",
                        "-c",
                        "read -P 0 16M 1M",
                        "-c",
                        "read -P 0x5a 30M 11M",
                        "-c",
                        "read -P 0x11 4k 4k",
                        "-c",
                        "read -P 0xa5 2G 1M",
                        uri);
        assertThat(said)
                .contains("wrote 41943040/41943040", "read 11534336/11534336")
                .doesNotContain("failed");
    }

    @ParameterizedTest
    @EnumSource
    void fioVerifiesRandomWrites(Kind kind) throws Exception {
        String uri = serve(kind);
        assertThat(
                        run(
                                "fio",
                                "--name=verify",
                                "--ioengine=nbd",
                                "--uri=" + uri,
                                "--rw=randrw",
                                "--bsrange=512-256k",
                                "--size=64m",
                                "--iodepth=32",
                                "--verify=crc32c",
                                "--verify_fatal=1",
                                "--fsync=100"))
                .contains("err= 0")
                .contains("WRITE:");
    }
}
