package remus.testkit.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Keeps the logs, serial lines and configuration of labs if a test fails, and says how long each
 * test took.
 */
final class Evidence implements BeforeTestExecutionCallback, AfterTestExecutionCallback {
    private static final Path RECORDS = Path.of("target/evidence");
    private static final Set<Path> STANDING = ConcurrentHashMap.newKeySet();
    private static final Set<Path> RECORDED = ConcurrentHashMap.newKeySet();

    private long begun;

    /** There is a lab of this directory. */
    static void stands(Path lab) {
        STANDING.add(lab);
    }

    /** It is about to be taken down. */
    static void taken(Path lab) {
        STANDING.remove(lab);
        record(lab);
    }

    /** Of the labs that stand, or have stood since this was last asked. */
    private static List<Path> records() {
        STANDING.forEach(Evidence::record);
        List<Path> records = List.copyOf(RECORDED);
        RECORDED.clear();
        return records;
    }

    private static void record(Path lab) {
        Path target = RECORDS.resolve(lab.getFileName());
        try (Stream<Path> files = Files.walk(lab)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = target.resolve(lab.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
            }
            RECORDED.add(target);
        } catch (IOException e) {
            System.err.println("no evidence of " + lab + ": " + e);
        }
    }

    @Override
    public void beforeTestExecution(ExtensionContext context) {
        begun = System.nanoTime();
    }

    @Override
    public void afterTestExecution(ExtensionContext context) throws IOException {
        String name =
                context.getRequiredTestClass().getSimpleName() + "." + context.getDisplayName();
        boolean failed = context.getExecutionException().isPresent();
        System.out.printf(
                "%s %s after %.1f s%n",
                name, failed ? "FAILED" : "passed", (System.nanoTime() - begun) / 1e9);
        for (Path record : records()) {
            if (failed) {
                System.out.println("evidence: " + record.toAbsolutePath());
            } else {
                try (Stream<Path> files = Files.walk(record)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        }
    }
}
