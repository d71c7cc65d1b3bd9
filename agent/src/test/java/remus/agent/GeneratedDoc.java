package remus.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A document whose text comes from the code. `-Dremus.docs.write=true` writes it anew. */
public final class GeneratedDoc {
    private GeneratedDoc() {}

    public static void assertFresh(String name, String expected) throws IOException {
        Path file = Path.of("..", "docs", name);
        if (Boolean.getBoolean("remus.docs.write")) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, expected);
        }
        assertThat(Files.readString(file))
                .as("docs/%s is stale: run the tests with -Dremus.docs.write=true", name)
                .isEqualTo(expected);
    }
}
