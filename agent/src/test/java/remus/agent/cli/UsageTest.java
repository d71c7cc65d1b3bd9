package remus.agent.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import remus.agent.GeneratedDoc;

final class UsageTest {
    @Test
    void theDocumentIsFresh() throws IOException {
        CommandLine remus = Main.commandLine(new CliFixture(Path.of("/none")).console(false));
        StringBuilder text = new StringBuilder();
        text.append("# The command line\n\n")
                .append(
                        "Answers go to stdout; errors go to stderr as `error: PROBLEM [CODE]` and"
                                + " `fix: CORRECTION`.\n")
                .append(
                        "With `-o json` or `-o yaml` the fields are those of control.proto, zeros"
                                + " included, numbers as\n")
                .append(
                        "numbers. Interrupting `protect` before the first acknowledged checkpoint,"
                                + " by any signal that\n")
                .append(
                        "ends it, cancels the protection; the guests are then as they were. This"
                                + " page is made from the\n")
                .append("code.\n");
        section(text, remus);
        GeneratedDoc.assertFresh("cli.md", text.toString());
    }

    @Test
    void everyVerbHasAnExample() {
        CommandLine remus = Main.commandLine(new CliFixture(Path.of("/none")).console(false));
        remus.getSubcommands()
                .forEach(
                        (name, command) ->
                                assertThat(command.getUsageMessage()).contains("  remus " + name));
    }

    private static void section(StringBuilder text, CommandLine command) {
        text.append("\n## ")
                .append(command.getCommandSpec().qualifiedName())
                .append("\n\n```\n")
                .append(command.getUsageMessage(Ansi.OFF).replaceAll("[ \t]+\n", "\n"))
                .append("```\n");
        command.getSubcommands().values().forEach(inner -> section(text, inner));
    }
}
