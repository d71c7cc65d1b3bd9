package remus.agent.cli;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import remus.agent.config.HostPort;
import remus.agent.config.SizeText;
import remus.diskbuf.nbd.Export;
import remus.diskbuf.nbd.FileExport;
import remus.diskbuf.nbd.MemoryExport;
import remus.diskbuf.nbd.NbdServer;
import remus.domain.DomainException;

/** {@code remus nbd serve}. */
@Command(
        name = "serve",
        description = {
            "Serves a raw image, a block device or memory over NBD, until it is interrupted.",
            "",
            "It prints one line when it is ready. A Unix socket is for its owner only; TCP is in"
                    + " clear and asks nobody who he is, so use it on private links."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  remus nbd serve disk.img --socket /run/disk.sock",
            "  remus nbd serve --memory 4GiB --socket /run/scratch.sock --export scratch"
        })
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class NbdServeCommand implements Callable<Integer> {
    /** More connections than cores gain nothing; a guest has one. */
    private static final int MAX_THREADS = 4;

    private static final String SOCKET = "--socket";
    private static final int MAX_NAME_BYTES = 4096;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "IMAGE",
            description = "A raw image or a block device.")
    private @Nullable Path image;

    @Option(
            names = "--tcp",
            paramLabel = "HOST:PORT",
            converter = HostPortConverter.class,
            description = "Listen on TCP; the usual port is 10809.")
    private @Nullable HostPort tcp;

    @Option(names = "--read-only", description = "Take no writes.")
    private boolean readOnly;

    @Option(
            names = "--export",
            paramLabel = "NAME",
            defaultValue = "",
            description =
                    "The name that clients may ask for besides the empty one (default: the empty"
                            + " one).")
    private String name;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "In place of IMAGE: that much memory, zero at first, gone at the end, such as"
                            + " 4GiB.")
    private @Nullable Long memoryBytes;

    @ParentCommand private NbdCommand nbd;
    @Spec private CommandSpec spec;

    static final class SizeConverter implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            try {
                return SizeText.parse(text);
            } catch (IllegalArgumentException wrong) {
                throw new TypeConversionException(wrong.getMessage());
            }
        }
    }

    static final class HostPortConverter implements ITypeConverter<HostPort> {
        @Override
        public HostPort convert(String text) {
            try {
                return HostPort.parse(text);
            } catch (IllegalArgumentException wrong) {
                throw new TypeConversionException(wrong.getMessage());
            }
        }
    }

    /**
     * Gives this command a {@code --socket} of its own: the one that every command inherits is the
     * agent's, and picocli lets no annotation replace it.
     */
    static void ownSocket(CommandLine remus) {
        CommandLine nbd = Objects.requireNonNull(remus.getSubcommands().get("nbd"));
        CommandSpec family = nbd.getCommandSpec();
        family.remove(family.findOption(SOCKET));
        CommandSpec serve =
                Objects.requireNonNull(nbd.getSubcommands().get("serve")).getCommandSpec();
        serve.remove(serve.findOption(SOCKET));
        serve.addOption(
                OptionSpec.builder(SOCKET)
                        .type(Path.class)
                        .paramLabel("PATH")
                        .description("Listen on this Unix socket, which is removed at the end.")
                        .build());
    }

    private @Nullable Path socket() {
        return spec.commandLine().getParseResult().matchedOptionValue(SOCKET, (Path) null);
    }

    @Override
    public Integer call() throws InterruptedException {
        check();
        Serving serving = new Serving();
        Runtime.getRuntime().addShutdownHook(new Thread(serving::close, "shutdown"));
        try {
            nbd.console().out().println("ready " + serving.start());
            nbd.console().out().flush();
            new CountDownLatch(1).await(); // a signal ends the process
        } catch (InterruptedException end) {
            return ExitCode.INTERRUPTED;
        } finally {
            serving.close();
        }
        return ExitCode.OK;
    }

    private void check() {
        if ((image == null) == (memoryBytes == null)) {
            throw wrong("give either IMAGE or --memory");
        }
        if (socket() == null && tcp == null) {
            throw wrong("give --socket or --tcp: where to listen");
        }
        if (memoryBytes != null && (memoryBytes == 0 || readOnly)) {
            throw wrong("--memory: an empty or read-only disk in memory is of no use");
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME_BYTES) {
            throw wrong("--export: a name has at most " + MAX_NAME_BYTES + " bytes");
        }
    }

    private ParameterException wrong(String problem) {
        return new ParameterException(spec.commandLine(), problem);
    }

    /** Ended once, by a signal or an error; a signal in the midst of the start ends what began. */
    private final class Serving {
        private @Nullable Export export;
        private @Nullable NbdServer server;
        private boolean ended;

        synchronized String start() throws InterruptedException {
            if (ended) {
                throw new InterruptedException();
            }
            Export served = export();
            export = served;
            int threads = Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
            NbdServer started = NbdServer.start(List.of(served), threads);
            server = started;
            StringBuilder line = new StringBuilder("bytes=" + served.sizeBytes());
            Path socket = socket();
            if (socket != null) {
                started.listen(socket);
                line.append(" unix=").append(socket);
            }
            if (tcp != null) {
                started.listen(new InetSocketAddress(tcp.host(), tcp.port()));
                line.append(" tcp=").append(tcp);
            }
            return line.toString();
        }

        private Export export() {
            if (memoryBytes != null) {
                return new MemoryExport(name, memoryBytes);
            }
            Path file = image;
            if (file == null || !Files.exists(file)) {
                throw new DomainException(
                        "no-image",
                        "there is no image " + file,
                        "give the path of a raw image, or make one with `truncate -s 10G FILE`");
            }
            return FileExport.open(name, file, readOnly);
        }

        synchronized void close() {
            ended = true;
            if (server != null) {
                server.close();
                server = null;
            }
            if (export != null) {
                export.close();
                export = null;
            }
        }
    }
}
