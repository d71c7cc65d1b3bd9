package remus.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What the documents name exists: files, classes, methods, tests. */
class DocsTest {
    private static final Path ROOT = root();
    private static final Set<String> NOT_OURS = Set.of("target", ".git", "node_modules");

    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
    private static final Pattern CLASS = Pattern.compile("`(remus(?:\\.[a-z]+)+\\.[A-Z]\\w*)`");
    private static final Pattern TEST =
            Pattern.compile("`([A-Z]\\w*(?:Test|IT|Contract))(?:\\.(\\w+))?`");

    /** Places of one machine, which mean nothing on another. */
    private static final Pattern MACHINE_PATH =
            Pattern.compile("(?<![\\w.~-])/(?:work|home|tmp/(?!remus-)|root|Users)\\b[\\w/.-]*");

    private static Path root() {
        Path path = Path.of("").toAbsolutePath();
        while (!Files.exists(path.resolve("ARCHITECTURE.md"))) {
            path = path.getParent();
        }
        return path;
    }

    private static List<Path> files(String suffix) {
        List<Path> found = new ArrayList<>();
        collect(ROOT, suffix, found);
        return found;
    }

    private static void collect(Path directory, String suffix, List<Path> found) {
        try (Stream<Path> entries = Files.list(directory)) {
            for (Path entry : entries.sorted().toList()) {
                String name = entry.getFileName().toString();
                if (Files.isDirectory(entry) && !NOT_OURS.contains(name)) {
                    collect(entry, suffix, found);
                } else if (name.endsWith(suffix)) {
                    found.add(entry);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String text(String name) {
        return read(ROOT.resolve(name));
    }

    /** Whether Java source declares a type, a method or a constant of this name. */
    private static boolean declares(String source, String symbol) {
        String name = Pattern.quote(symbol);
        return Pattern.compile("\\b(?:class|interface|enum|record)\\s+" + name + "\\b")
                        .matcher(source)
                        .find()
                || Pattern.compile("[\\w>\\]]\\s+" + name + "\\s*\\([^;{}]*?\\)[^;{}]*[;{]")
                        .matcher(source)
                        .find()
                || Pattern.compile("\\b" + name + "\\s*[=,;]").matcher(source).find();
    }

    @Test
    void relativeLinksResolve() {
        Set<String> broken = new TreeSet<>();
        for (Path document : files(".md")) {
            Matcher link = LINK.matcher(read(document));
            while (link.find()) {
                String target = link.group(1);
                String path = target.replaceFirst("#.*", "");
                if (!target.matches("[a-z]+:.*")
                        && !path.isEmpty()
                        && !Files.exists(document.resolveSibling(path))) {
                    broken.add(ROOT.relativize(document) + ": " + target);
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void everySymbolThatIsLinkedExists() {
        Set<String> missing = new TreeSet<>();
        int symbols = 0;
        for (Path document : files(".md")) {
            for (MatchResult link : LINK.matcher(read(document)).results().toList()) {
                String[] parts = link.group(1).split("#", 2);
                Path file = document.resolveSibling(parts[0]);
                if (parts.length < 2 || !parts[0].endsWith(".java") || !Files.exists(file)) {
                    continue;
                }
                symbols++;
                if (!declares(read(file), parts[1])) {
                    missing.add(ROOT.relativize(document) + ": " + link.group(1));
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(symbols).isGreaterThan(30);
    }

    @Test
    void everyClassThatIsNamedInFullExists() {
        Set<String> missing = new TreeSet<>();
        for (Path document : files(".md")) {
            for (MatchResult name : CLASS.matcher(read(document)).results().toList()) {
                String module = name.group(1).split("\\.", 3)[1];
                Path file =
                        ROOT.resolve(module)
                                .resolve("src/main/java")
                                .resolve(name.group(1).replace('.', '/') + ".java");
                if (!Files.exists(file)) {
                    missing.add(ROOT.relativize(document) + ": " + name.group(1));
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void everyTestThatIsNamedExists() {
        Map<String, String> sources = new HashMap<>();
        for (Path file : files(".java")) {
            if (file.toString().contains("/src/test/java/")) {
                sources.put(file.getFileName().toString().replace(".java", ""), read(file));
            }
        }
        Set<String> missing = new TreeSet<>();
        for (String document : List.of("ARCHITECTURE.md", "docs/hazards.md", "docs/failures.md")) {
            for (MatchResult test : TEST.matcher(text(document)).results().toList()) {
                String source = sources.get(test.group(1));
                String method = test.group(2);
                if (source == null || (method != null && !isTest(source, method))) {
                    missing.add(document + ": " + test.group());
                }
            }
        }
        assertThat(missing).isEmpty();
    }

    private static boolean isTest(String source, String method) {
        return Pattern.compile("\\bvoid\\s+" + Pattern.quote(method) + "\\s*\\(")
                .matcher(source)
                .find();
    }

    /** A row without a test must say so. */
    @Test
    void everyRowNamesATestOrIsOpen() {
        List<String> silent = new ArrayList<>();
        for (String document : List.of("docs/hazards.md", "docs/failures.md")) {
            for (String line : text(document).lines().toList()) {
                boolean row = line.startsWith("| ") && !line.contains("| --- |");
                boolean head = line.endsWith("| test |");
                String last = row ? line.substring(line.lastIndexOf('|', line.length() - 2)) : "";
                if (row
                        && !head
                        && !TEST.matcher(last).find()
                        && !last.contains("Open")
                        && !last.contains("none can")) {
                    silent.add(document + ": " + line);
                }
            }
        }
        assertThat(silent).isEmpty();
    }

    @Test
    void noDocumentNamesAPlaceOfOneMachine() {
        Set<String> places = new TreeSet<>();
        for (Path document : files(".md")) {
            for (MatchResult path : MACHINE_PATH.matcher(read(document)).results().toList()) {
                places.add(ROOT.relativize(document) + ": " + path.group());
            }
        }
        assertThat(places).isEmpty();
    }
}
