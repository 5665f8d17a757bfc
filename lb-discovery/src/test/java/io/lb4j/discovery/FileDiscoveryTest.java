package io.lb4j.discovery;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On virtual time: one look every 250 ms, made by whoever advances it. */
class FileDiscoveryTest {
    @TempDir
    Path dir;

    private final VirtualTime time = new VirtualTime();
    private final Recorder recorder = new Recorder();
    private FileDiscovery discovery;

    private FileDiscovery open(Path path) {
        discovery = FileDiscovery.builder(path).scheduler(time).build();
        discovery.watch("orders", recorder);
        return discovery;
    }

    private Path file() {
        return dir.resolve("services.json");
    }

    private void write(String text) throws IOException {
        Files.writeString(file(), text);
    }

    private static String orders(int... ports) {
        return IntStream.of(ports)
                .mapToObj(port -> "\"127.0.0.1:" + port + '"')
                .collect(Collectors.joining(", ", "{\"services\": {\"orders\": [", "]}}"));
    }

    private void look() {
        time.advance(FileDiscovery.DEFAULT_CHECK_INTERVAL);
    }

    @AfterEach
    void closed_leavesNoTask() {
        if (discovery != null) {
            discovery.close();
            assertThat(time.pending()).isZero();
        }
    }

    @Test
    void file_goodAtStart_isDelivered() throws IOException {
        write("""
                {"services": {"orders": [
                  "127.0.0.1:8081",
                  {"host": "::1", "port": 8082, "id": "b", "weight": 2.5, "zone": "z1", "priority": 1, "secure": true,
                   "metadata": {"version": "7"}}
                ]}}""");

        open(file());
        look();

        assertThat(recorder.snapshots)
                .containsExactly(List.of(
                        ServiceInstance.of("127.0.0.1", 8081),
                        new ServiceInstance("b", "::1", 8082, true, 2.5, "z1", 1, Map.of("version", "7"))));
    }

    @Test
    void file_absentAtStart_isToldAndPickedUpWhenItAppears() throws IOException {
        open(file());
        look();
        look();
        assertThat(recorder.messages()).containsExactly(file() + ": no such file");

        write(orders(1));
        look();

        assertThat(recorder.calls).containsExactly("error", "instances");
    }

    @Test
    void service_notInTheFile_isUnknownAndTheKnownOnesAreNamed() throws IOException {
        write("{\"services\": {\"users\": [], \"orderz\": []}}");

        open(file());
        look();

        assertThat(recorder.unknown)
                .containsExactly(file() + " has no service 'orders' (expected: one of [orderz, users])");
    }

    @Test
    void service_emptyArray_isNoInstances() throws IOException {
        write("{\"services\": {\"orders\": []}}");

        open(file());
        look();

        assertThat(recorder.snapshots).containsExactly(List.of());
    }

    @Test
    void change_ofAnotherService_isNotDelivered() throws IOException {
        write("{\"services\": {\"orders\": [\"a:1\"], \"users\": []}}");
        open(file());
        look();

        write("{\"services\": {\"orders\": [\"a:1\"], \"users\": [\"b:1\"]}}");
        look();

        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void rewrite_inPlace_isSeen() throws IOException {
        write(orders(1));
        open(file());
        look();

        write(orders(1, 2));
        look();

        assertThat(recorder.last()).containsExactly("127.0.0.1:1", "127.0.0.1:2");
    }

    @Test
    void rewrite_sameSizeTimeAndInode_isSeen() throws IOException {
        write(orders(1));
        FileTime modified = Files.getLastModifiedTime(file());
        open(file());
        look();

        try (RandomAccessFile inPlace = new RandomAccessFile(file().toFile(), "rw")) {
            inPlace.write(orders(2).getBytes(UTF_8));
        }
        Files.setLastModifiedTime(file(), modified);
        look();

        assertThat(recorder.last()).containsExactly("127.0.0.1:2");
    }

    @Test
    void rewrite_ofALargeFileWithSameSizeAndTime_isSeenWithinASecond() throws IOException {
        String padding = " ".repeat(WatchedFile.SMALL_BYTES);
        write(orders(1) + padding);
        FileTime modified = Files.getLastModifiedTime(file());
        open(file());
        look();

        write(orders(2) + padding);
        Files.setLastModifiedTime(file(), modified);
        time.advance(Duration.ofSeconds(1));

        assertThat(recorder.last()).containsExactly("127.0.0.1:2");
    }

    @Test
    void rename_overTheFile_isSeen() throws IOException {
        write(orders(1));
        open(file());
        look();

        Path other = Files.writeString(dir.resolve("new"), orders(2));
        Files.move(other, file(), StandardCopyOption.ATOMIC_MOVE);
        look();

        assertThat(recorder.last()).containsExactly("127.0.0.1:2");
    }

    @Test
    void symbolicLinkInThePath_swapped_isSeen() throws IOException {
        // As Kubernetes mounts a ConfigMap: services.json -> ..data/services.json, ..data -> ..v1
        Path first = Files.createDirectory(dir.resolve("..v1"));
        Path second = Files.createDirectory(dir.resolve("..v2"));
        Files.writeString(first.resolve("services.json"), orders(1));
        Files.writeString(second.resolve("services.json"), orders(2));
        Path data = Files.createSymbolicLink(dir.resolve("..data"), first.getFileName());
        Files.createSymbolicLink(file(), Path.of("..data", "services.json"));
        open(file());
        look();

        Path temporary = Files.createSymbolicLink(dir.resolve("..tmp"), second.getFileName());
        Files.move(temporary, data, StandardCopyOption.ATOMIC_MOVE);
        look();

        assertThat(recorder.last()).containsExactly("127.0.0.1:2");
    }

    @Test
    void deleted_keepsTheLastGoodListAndIsToldOnce() throws IOException {
        write(orders(1));
        open(file());
        look();

        Files.delete(file());
        time.advance(Duration.ofSeconds(10));
        assertThat(recorder.messages()).containsExactly(file() + ": no such file");
        assertThat(recorder.snapshots).hasSize(1);

        write(orders(1));
        look();

        assertThat(recorder.calls).containsExactly("instances", "error", "instances");
    }

    @Test
    void deletedForOneLook_isNotTold() throws IOException {
        write(orders(1));
        open(file());
        look();
        Files.delete(file());
        look();
        write(orders(1));
        look();

        assertThat(recorder.calls).containsExactly("instances");
    }

    @Test
    void halfWritten_isNotToldUnlessItStaysSo() throws IOException {
        write(orders(1));
        open(file());
        look();

        write(orders(1, 2).substring(0, 20));
        look();
        write(orders(1, 2));
        look();
        assertThat(recorder.calls).containsExactly("instances", "instances");

        write(orders(1, 2).substring(0, 20));
        look();
        look();
        look();
        assertThat(recorder.calls).containsExactly("instances", "instances", "error");
        assertThat(recorder.last()).hasSize(2);
    }

    @Test
    void empty_keepsTheLastGoodList() throws IOException {
        write(orders(1));
        open(file());
        look();

        write("");
        look();
        look();

        assertThat(recorder.messages()).containsExactly(file() + ": nothing (expected: a JSON object)");
    }

    @Test
    void troubles_distinctOnes_areEachToldOnceUntilRecovery() throws IOException {
        write(orders(1));
        open(file());
        look();

        for (int i = 0; i < 3; i++) {
            write("[]");
            look();
            look();
            Files.delete(file());
            look();
            look();
        }
        assertThat(recorder.errors).hasSize(2);

        write(orders(1));
        look();
        Files.delete(file());
        look();
        look();

        assertThat(recorder.errors).hasSize(3);
    }

    @Test
    void directoryOrTooLarge_isTrouble() throws IOException {
        Files.createDirectory(file());
        open(file());
        look();
        Files.delete(file());
        try (RandomAccessFile sparse = new RandomAccessFile(file().toFile(), "rw")) {
            sparse.setLength(FileDiscovery.MAX_BYTES + 1);
        }
        look();

        assertThat(recorder.messages())
                .containsExactly(file() + ": not a regular file", file() + ": larger than 16777216 bytes");
    }

    @Test
    void directoryInItsPlace_thenTheSameContentAgain_recovers() throws IOException {
        write(orders(1));
        open(file());
        look();
        Files.delete(file());
        Files.createDirectory(file());
        look();
        look();

        Files.delete(file());
        write(orders(1));
        look();

        assertThat(recorder.calls).containsExactly("instances", "error", "instances");
    }

    @Test
    void watch_duringTrouble_isToldTheLastGoodListAndTheTrouble() throws IOException {
        write(orders(1));
        open(file());
        look();
        write("{");
        look();
        look();
        Recorder late = new Recorder();

        discovery.watch("orders", late);
        Recorder other = new Recorder();
        discovery.watch("users", other);

        assertThat(late.calls).containsExactly("instances", "error");
        assertThat(other.calls).containsExactly("unknown", "error");
        assertThat(recorder.calls).containsExactly("instances", "error");
    }

    @Test
    void watch_closed_hearsNothingMore() throws IOException {
        write(orders(1));
        open(file());
        look();
        Recorder second = new Recorder();
        ServiceDiscovery.Watch watch = discovery.watch("orders", second);

        watch.close();
        write(orders(2));
        look();

        assertThat(second.snapshots).hasSize(1);
        assertThat(recorder.snapshots).hasSize(2);
    }

    @Test
    void watch_afterTheLastClosed_isToldThePresentState() throws IOException {
        write(orders(1));
        discovery = FileDiscovery.builder(file()).scheduler(time).build();
        discovery.watch("orders", recorder).close();
        look();
        write(orders(2));
        look();

        discovery.watch("orders", recorder);

        assertThat(recorder.last()).containsExactly("127.0.0.1:2");
    }

    @Test
    void thousandInstances_areRead() throws IOException {
        write(orders(IntStream.rangeClosed(1, 1000).toArray()));

        open(file());
        look();

        assertThat(recorder.last()).hasSize(1000);
    }

    @Test
    void defaults_onRealTime_reloadWithinASecondAndLeaveNoThread() throws IOException {
        write(orders(1));
        try (FileDiscovery real = FileDiscovery.of(file())) {
            real.watch("orders", recorder);
            await().untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:1"));

            write(orders(2));

            await().atMost(Duration.ofSeconds(1))
                    .untilAsserted(() -> assertThat(recorder.last()).containsExactly("127.0.0.1:2"));
        }
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-file-services.json"));
    }

    @Test
    void close_thenWatch_isRefused() {
        FileDiscovery closed = open(file());
        closed.close();
        closed.close();

        assertThatThrownBy(() -> closed.watch("orders", recorder))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageEndingWith("is closed");
    }

    @Test
    void builder_intervalOutOfRange_isRefused() {
        assertThatThrownBy(() -> FileDiscovery.builder(file()).checkInterval(Duration.ofMillis(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("checkInterval: 1ms (expected: 10ms to 60m)");
    }
}
