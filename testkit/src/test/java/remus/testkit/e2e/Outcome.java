package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How a command of this machine ended. */
record Outcome(int code, String out, String err) {
    Outcome succeeded() {
        assertThat(code).as(this::toString).isZero();
        return this;
    }

    /** Runs it to its end, with the guest that this test run is about in its environment. */
    static Outcome run(String... command) {
        try {
            Path out = Files.createTempFile("remus-out", "");
            Path err = Files.createTempFile("remus-err", "");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(command)
                                .redirectInput(
                                        ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                                .redirectOutput(out.toFile())
                                .redirectError(err.toFile());
                Map<String, String> environment = builder.environment();
                String kernel = System.getProperty("remus.guest.kernel", "");
                if (!kernel.isEmpty()) {
                    environment.put("REMUS_GUEST", Path.of(kernel).getParent().toString());
                }
                environment.put(
                        "REMUS_ACCEL", System.getProperty("remus.guest.accelerator", "tcg"));
                Process process = builder.start();
                if (!process.waitFor(90, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError("too slow: " + String.join(" ", command));
                }
                return new Outcome(
                        process.exitValue(), Files.readString(out), Files.readString(err));
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
