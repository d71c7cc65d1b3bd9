package remus.agent.cli;

import com.google.protobuf.Message;
import java.util.Locale;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** {@code -o}: for people or for scripts. */
@SuppressWarnings("NullAway.Init") // picocli sets what it declares
final class OutputOption {
    /** The forms. */
    enum Form {
        TABLE,
        JSON,
        YAML;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORM",
            defaultValue = "table",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Form form;

    String render(Message message, Supplier<String> table) {
        return switch (form) {
            case TABLE -> table.get();
            case JSON -> MessageWriter.json(message);
            case YAML -> MessageWriter.yaml(message);
        };
    }
}
