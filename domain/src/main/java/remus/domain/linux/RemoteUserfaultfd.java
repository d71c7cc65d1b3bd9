package remus.domain.linux;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import remus.domain.DomainException;

/**
 * The userfaultfd of another process's address space. It can only be made by that process, so it is
 * made inside by {@link SyscallInjector} and fetched with pidfd_getfd(2).
 *
 * <p>One that is already there is taken over instead of making another: it is what an agent left
 * that died, armed or just made. QEMU itself opens one only for post-copy and for background
 * snapshots, both of which are migrations; the caller makes sure that none is in progress, and if
 * the memory is registered with one that we cannot use, taking over fails with {@code
 * userfaultfd-foreign} and nothing is changed.
 */
final class RemoteUserfaultfd {
    private static final String LINK = "anon_inode:[userfaultfd]";

    private final int pid;

    RemoteUserfaultfd(long pid) {
        this.pid = Math.toIntExact(pid);
    }

    /**
     * Descriptor numbers of the userfaultfds that the process holds.
     *
     * @throws DomainException {@code process-gone}
     */
    List<Integer> present() {
        List<Integer> found = new ArrayList<>();
        Path directory = Path.of("/proc", Integer.toString(pid), "fd");
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            for (Path entry : entries) {
                if (isUserfaultfd(entry)) {
                    found.add(Integer.parseInt(entry.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            throw new DomainException(
                    "process-gone",
                    "the open files of process " + pid + " cannot be listed: " + e.getMessage(),
                    "look whether it still runs; run the agent as root",
                    e);
        }
        return found;
    }

    private static boolean isUserfaultfd(Path entry) {
        try {
            return Files.readSymbolicLink(entry).toString().equals(LINK);
        } catch (IOException e) {
            return false; // closed since it was listed
        }
    }

    /** Whether the process runs and holds that one. */
    boolean has(int wanted) {
        return isUserfaultfd(
                Path.of("/proc", Integer.toString(pid), "fd", Integer.toString(wanted)));
    }

    /** Makes one inside; returns its number there. */
    int make() {
        long made =
                SyscallInjector.inject(
                        pid, UserfaultfdLibrary.SYS_USERFAULTFD, UserfaultfdLibrary.OPEN_FLAGS, 0);
        if (made < 0) {
            throw new DomainException(
                    "userfaultfd-refused",
                    Errno.describe("process " + pid + " may not make a userfaultfd", (int) -made),
                    "allow the call in its seccomp filter (QEMU: -sandbox off) or in its"
                            + " security policy");
        }
        return (int) made;
    }

    /** Closes one inside. */
    void closeInside(int number) {
        SyscallInjector.inject(pid, UserfaultfdLibrary.SYS_CLOSE, number, 0);
    }

    /** A descriptor of ours for the one that is {@code number} there. */
    WriteProtection fetch(int number) {
        long pidfd = DescriptorLibrary.syscall(DescriptorLibrary.SYS_PIDFD_OPEN, pid, 0, 0);
        if (pidfd < 0) {
            throw unreachable("pidfd_open", Errno.last());
        }
        try {
            long fd =
                    DescriptorLibrary.syscall(DescriptorLibrary.SYS_PIDFD_GETFD, pidfd, number, 0);
            if (fd < 0) {
                throw unreachable("pidfd_getfd", Errno.last());
            }
            return new WriteProtection(pid, (int) fd);
        } finally {
            DescriptorLibrary.close((int) pidfd);
        }
    }

    private DomainException unreachable(String call, int errno) {
        return new DomainException(
                "userfaultfd-refused",
                Errno.describe(call + " of process " + pid, errno),
                "run the agent as root with CAP_SYS_PTRACE, and look whether the process runs");
    }
}
