package remus.ha;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** One JSON file a group, replaced as a whole: see {@link AtomicFile}. */
public final class FileRecordStore implements RecordStore {
    private static final String SUFFIX = ".json";
    private static final long MAX_RECORD_BYTES = 1 << 20;
    private static final ObjectMapper JSON = JsonMapper.builder().build();

    private final Path directory;

    /** Keeps records in {@code directory}, which is made if need be. */
    public FileRecordStore(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw AtomicFile.failed("cannot make the state directory " + directory, e);
        }
    }

    @Override
    public synchronized void put(GroupRecord record) {
        byte[] json;
        try {
            json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(record);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record that Jackson cannot write", e);
        }
        AtomicFile.write(directory, checked(record.name()) + SUFFIX, json);
    }

    @Override
    public synchronized void remove(String name) {
        try {
            Files.deleteIfExists(file(name));
            AtomicFile.syncDirectory(directory);
        } catch (IOException e) {
            throw AtomicFile.failed("cannot remove the record " + file(name), e);
        }
    }

    @Override
    public synchronized Contents list() {
        List<GroupRecord> records = new ArrayList<>();
        List<Unreadable> unreadable = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
            for (Path file : files) {
                String text = file.getFileName().toString();
                String name = text.substring(0, text.length() - SUFFIX.length());
                try {
                    records.add(read(file, name));
                } catch (IOException e) {
                    String problem =
                            "the group record " + file + " cannot be read: " + e.getMessage();
                    unreadable.add(Unreadable.of(name, problem));
                }
            }
        } catch (NoSuchFileException e) {
            return new Contents(List.of(), List.of());
        } catch (IOException e) {
            throw AtomicFile.failed("cannot list the records in " + directory, e);
        }
        return new Contents(records, unreadable);
    }

    private static GroupRecord read(Path file, String name) throws IOException {
        long bytes = Files.size(file);
        if (bytes > MAX_RECORD_BYTES) {
            throw new IOException(
                    "it has " + bytes + " bytes (expected: <= " + MAX_RECORD_BYTES + ")");
        }
        try {
            GroupRecord record = JSON.readValue(Files.readAllBytes(file), GroupRecord.class);
            expect(
                    record != null && name.equals(record.name()),
                    "the name of its file as its name");
            expect(record.role() != null, "a role");
            expect(record.standing() != null, "a standing");
            expect(record.peer() != null, "a peer");
            expect(record.failover() != null, "a failover mode");
            UUID.fromString(record.uuid() == null ? "none" : record.uuid());
            return record;
        } catch (JsonProcessingException e) {
            throw new IOException(e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage() + " (expected: a UUID)", e);
        }
    }

    private static void expect(boolean holds, String what) throws IOException {
        if (!holds) {
            throw new IOException("it lacks something (expected: " + what + ")");
        }
    }

    private Path file(String name) {
        return directory.resolve(checked(name) + SUFFIX);
    }

    private static String checked(String name) {
        if (!GroupNames.isValid(name)) {
            throw new IllegalArgumentException("group name " + name);
        }
        return name;
    }
}
