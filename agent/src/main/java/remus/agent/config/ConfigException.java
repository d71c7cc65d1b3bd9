package remus.agent.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration is refused; its message has every mistake with its place and correction. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * One mistake.
     *
     * @param line from 1
     * @param column from 1
     * @param problem what was found and what is allowed
     * @param correction what to write instead
     */
    public record Mistake(String file, int line, int column, String problem, String correction) {
        @Override
        public String toString() {
            return file + ":" + line + ":" + column + ": " + problem + "\n  fix: " + correction;
        }
    }

    ConfigException(List<Mistake> mistakes) {
        super(mistakes.stream().map(Mistake::toString).collect(Collectors.joining("\n")));
    }
}
