package remus.testkit.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Keeps what the labs recorded if a test fails, and says how long each test took. */
final class Evidence implements BeforeTestExecutionCallback, AfterTestExecutionCallback {
    private long begun;

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
        for (Path record : Lab.records()) {
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
