package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Logged;
import io.lb4j.discovery.Recorder;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LastKnownGoodDiscoveryTest {
    private static final ServiceInstance ONE =
            ServiceInstance.builder("10.0.0.1", 1).weight(2.5).zone("a").build();
    private static final ServiceInstance TWO = ServiceInstance.of("10.0.0.1", 2);
    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir
    Path temp;

    private final VirtualTime time = new VirtualTime();
    private final long begin = time.nanos();
    private final InstantSource clock = () -> START.plusNanos(time.nanos() - begin);
    private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
    private final List<LastKnownGoodDiscovery> open = new ArrayList<>();
    private boolean disk = true;
    private ManualDiscovery source = new ManualDiscovery();

    /** Reads and writes at once, or when the test says. */
    private final Executor executor = task -> {
        if (disk) {
            task.run();
        } else {
            waiting.add(task);
        }
    };

    @AfterEach
    void close_leavesNothing() {
        open.forEach(LastKnownGoodDiscovery::close);
        assertThat(time.pending()).isZero();
    }

    private Path directory() {
        return temp.resolve("lists");
    }

    private LastKnownGoodDiscovery started() {
        LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.builder(source)
                .directory(directory())
                .executor(executor)
                .scheduler(time)
                .clock(clock)
                .build();
        open.add(discovery);
        return discovery;
    }

    /** A process that knew these, ended, and another one whose source says nothing yet. */
    private LastKnownGoodDiscovery restartedAfter(ServiceInstance... instances) {
        LastKnownGoodDiscovery before = started();
        before.watch("orders", new Recorder());
        source.set("orders", instances);
        before.close();
        source = new ManualDiscovery();
        return started();
    }

    private Recorder watch(LastKnownGoodDiscovery discovery) {
        Recorder recorder = new Recorder();
        discovery.watch("orders", recorder);
        return recorder;
    }

    private void runDisk() {
        disk = true;
        while (!waiting.isEmpty()) {
            waiting.poll().run();
        }
    }

    @Test
    void sourceThatAnswers_isPassedOn() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        Recorder recorder = watch(discovery);
        assertThat(recorder.calls).isEmpty();

        source.set("orders", TWO);
        source.fail("orders", new IOException("down"));
        source.fail("orders", new IOException("still down"));
        source.set("orders", TWO);
        time.advance(Duration.ofMinutes(1));

        assertThat(recorder.snapshots).containsExactly(List.of(TWO), List.of(TWO));
        assertThat(recorder.calls).containsExactly("instances", "error", "error", "instances");
    }

    /** One bad instance among good ones isn't an outage: the list is as of now, not as of the complaint. */
    @Test
    void complaint_leavesTheListCurrent() {
        LastKnownGoodDiscovery discovery = started();
        Recorder recorder = watch(discovery);
        source.set("orders", ONE);
        source.complain("orders", new IOException("b: no port"));

        time.advance(Duration.ofMinutes(30));

        assertThat(recorder.calls).containsExactly("instances", "complaint");
        assertThat(discovery.known("orders")).get().satisfies(known -> {
            assertThat(known.current()).isTrue();
            assertThat(known.age(clock.instant())).isLessThanOrEqualTo(Duration.ofMinutes(5));
        });
    }

    @Test
    void sourceDownAtTheStart_servesWhatWasSaved_withItsAge() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE, TWO);
        time.advance(Duration.ofHours(5));
        Recorder recorder = watch(discovery);

        source.fail("orders", new IOException("source is down"));

        assertThat(recorder.snapshots).containsExactly(List.of(ONE, TWO));
        assertThat(recorder.calls).containsExactly("instances", "error");
        assertThat(recorder.messages()).containsExactly("source is down");
        assertThat(discovery.known("orders"))
                .contains(new LastKnownGoodDiscovery.Known(2, START, false, true))
                .get()
                .extracting(known -> known.age(clock.instant()))
                .isEqualTo(Duration.ofHours(5));
        source.set("orders", TWO);
        assertThat(recorder.last()).containsExactly("10.0.0.1:2");
        assertThat(discovery.known("orders"))
                .contains(new LastKnownGoodDiscovery.Known(1, clock.instant(), true, false));
    }

    @Test
    void sourceThatIsSilent_isWaitedForNoLongerThanPatience() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        Recorder recorder = watch(discovery);

        time.advance(Duration.ofMillis(999));
        assertThat(recorder.calls).isEmpty();
        time.advance(Duration.ofMillis(1));

        assertThat(recorder.snapshots).containsExactly(List.of(ONE));
        assertThat(recorder.messages()).containsExactly("manual discovery: no answer within 1s");
        source.set("orders", ONE);
        assertThat(recorder.calls).containsExactly("instances", "error", "instances");
    }

    @Test
    void sourceThatLostItsMemory_savedListIsToldBefore_andKept() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        Recorder recorder = watch(discovery);
        source.unknown("orders", "no such thing");
        assertThat(recorder.calls).containsExactly("instances", "unknown");
        source.set("orders", List.of());
        assertThat(recorder.calls).containsExactly("instances", "unknown", "instances");
        assertThat(recorder.last()).isEmpty();
        discovery.close();

        source = new ManualDiscovery();
        Recorder later = watch(started());
        source.fail("orders", new IOException("down"));
        assertThat(later.last()).containsExactly("10.0.0.1:1");
    }

    @Test
    void emptyListThatIsVouchedFor_isSaved() {
        StaticDiscovery vouching =
                StaticDiscovery.builder().service("orders", ONE).build();
        LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.builder(vouching)
                .directory(directory())
                .executor(executor)
                .scheduler(time)
                .clock(clock)
                .build();
        open.add(discovery);
        discovery.watch("orders", new Recorder());
        vouching.set("orders", List.of());
        discovery.close();

        Recorder later = watch(started());
        source.fail("orders", new IOException("down"));
        assertThat(later.snapshots).containsExactly(List.of());
    }

    @Test
    void diskThatIsSlow_isWaitedFor_butNotForEver() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        disk = false;
        Recorder recorder = watch(discovery);
        source.unknown("orders", "no such thing");
        assertThat(recorder.calls).isEmpty();

        time.advance(Duration.ofSeconds(1));
        assertThat(recorder.calls).containsExactly("unknown");
        runDisk();

        assertThat(recorder.calls).containsExactly("unknown", "instances", "unknown");
    }

    @Test
    void diskThatAnswersAfterTheSource_isNotHeard() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        disk = false;
        Recorder recorder = watch(discovery);
        source.set("orders", TWO);
        runDisk();

        assertThat(recorder.snapshots).containsExactly(List.of(TWO));
    }

    @Test
    void tooOld_isNotUsed() {
        LastKnownGoodDiscovery discovery = restartedAfter(ONE);
        time.advance(Duration.ofHours(24).plusMillis(1));
        Recorder recorder = watch(discovery);

        source.fail("orders", new IOException("down"));

        assertThat(recorder.calls).containsExactly("error");
        assertThat(discovery.known("orders")).isEmpty();
    }

    @Test
    void age_isOfTheLastTimeTheSourceStoodByIt_notOfTheLastChange() {
        LastKnownGoodDiscovery first = started();
        watch(first);
        source.set("orders", ONE);
        time.advance(Duration.ofHours(30));
        // Killed: nothing is said or closed any more.
        source = new ManualDiscovery();

        LastKnownGoodDiscovery discovery = started();
        Recorder recorder = watch(discovery);
        source.fail("orders", new IOException("down"));

        assertThat(recorder.snapshots).hasSize(1);
        assertThat(discovery.known("orders").orElseThrow().age(clock.instant()))
                .isLessThanOrEqualTo(LastKnownGoodDiscovery.CONFIRMATION);
    }

    @Test
    void age_growsFromTheBeginningOfTheTrouble() {
        LastKnownGoodDiscovery discovery = started();
        watch(discovery);
        source.set("orders", ONE);
        time.advance(Duration.ofHours(1));
        assertThat(discovery.known("orders").orElseThrow().age(clock.instant())).isZero();

        source.fail("orders", new IOException("down"));
        time.advance(Duration.ofHours(2));

        assertThat(discovery.known("orders"))
                .contains(new LastKnownGoodDiscovery.Known(1, START.plus(Duration.ofHours(1)), false, false));
        assertThat(discovery.known("orders").orElseThrow().age(clock.instant())).isEqualTo(Duration.ofHours(2));
        assertThat(discovery.known("users")).isEqualTo(Optional.empty());
    }

    @Test
    void memory_servesWhoWatchesLater_alsoWithoutADirectory() {
        LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.builder(source)
                .scheduler(time)
                .clock(clock)
                .build();
        open.add(discovery);
        discovery.watch("orders", new Recorder()).close();
        Recorder first = new Recorder();
        ServiceDiscovery.Watch watch = discovery.watch("orders", first);
        source.set("orders", ONE);
        watch.close();
        source.set("orders");
        source.unknown("orders", "");

        Recorder late = watch(discovery);
        source.fail("orders", new IOException("down"));

        assertThat(late.snapshots).containsExactly(List.of(ONE));
        assertThat(discovery).hasToString("LastKnownGoodDiscovery[manual discovery]");
    }

    @Test
    void changes_areWrittenAtMostOnceASecond_theNewestWins() throws IOException {
        LastKnownGoodDiscovery discovery = started();
        watch(discovery);
        List<FileTime> writes = new ArrayList<>();
        for (int i = 1; i <= 1000; i++) {
            source.set("orders", ServiceInstance.of("10.0.0.2", i));
            time.advance(Duration.ofMillis(10));
            SavedList saved = SavedList.parse(Files.readAllBytes(directory().resolve("orders.lkg")));
            FileTime written = FileTime.from(saved.asOf());
            if (writes.isEmpty() || !writes.get(writes.size() - 1).equals(written)) {
                writes.add(written);
            }
        }
        time.advance(Duration.ofSeconds(1));

        assertThat(writes).hasSizeBetween(10, 11);
        assertThat(SavedList.parse(Files.readAllBytes(directory().resolve("orders.lkg")))
                        .instances())
                .containsExactly(ServiceInstance.of("10.0.0.2", 1000));
    }

    @Test
    void writesThatWait_areOneForEachService() {
        LastKnownGoodDiscovery discovery = started();
        watch(discovery);
        disk = false;
        for (int i = 1; i <= 100; i++) {
            source.set("orders", ServiceInstance.of("10.0.0.2", i));
        }
        assertThat(waiting).hasSize(1);
        runDisk();
    }

    @Test
    void close_writesWhatWaits() throws IOException {
        LastKnownGoodDiscovery discovery = started();
        watch(discovery);
        source.set("orders", ONE);
        source.set("orders", TWO);

        discovery.close();

        assertThat(SavedList.parse(Files.readAllBytes(directory().resolve("orders.lkg")))
                        .instances())
                .containsExactly(TWO);
    }

    @Test
    void damagedOrForeignFile_isIgnored() throws IOException {
        restartedAfter(ONE).close();
        Path file = directory().resolve("orders.lkg");
        byte[] good = Files.readAllBytes(file);
        byte[] flipped = good.clone();
        flipped[good.length - 10] ^= 1;
        List<byte[]> bad = List.of(
                new byte[0],
                "{\"services\":{}}".getBytes(StandardCharsets.UTF_8),
                java.util.Arrays.copyOf(good, good.length - 1),
                java.util.Arrays.copyOf(good, 20),
                flipped,
                new SavedList("users", START, List.of(ONE)).toBytes());
        for (byte[] content : bad) {
            Files.write(file, content);
            source = new ManualDiscovery();
            Recorder recorder = watch(started());
            source.fail("orders", new IOException("down"));
            assertThat(recorder.calls).containsExactly("error");
            // What comes is saved over it.
            source.set("orders", TWO);
            assertThat(SavedList.parse(Files.readAllBytes(file)).instances()).containsExactly(TWO);
        }
        Files.delete(file);
        Files.createDirectory(file);
        source = new ManualDiscovery();
        Recorder recorder = watch(started());
        source.fail("orders", new IOException("down"));
        assertThat(recorder.calls).containsExactly("error");
        source.set("orders", TWO);
        try (Stream<Path> files = Files.list(directory())) {
            assertThat(files).as("what could not be moved there").containsExactly(file);
        }
    }

    @Test
    void directoryThatCannotBeWritten_doesNoHarm_andIsLoggedOnce() throws IOException {
        Files.writeString(directory(), "a file where the directory should be");
        LastKnownGoodDiscovery discovery = started();
        Recorder recorder = watch(discovery);
        try (Logged log = new Logged(LastKnownGoodDiscovery.class)) {
            source.set("orders", ONE);
            time.advance(Duration.ofSeconds(1));
            source.set("orders", TWO);
            time.advance(Duration.ofSeconds(1));

            assertThat(recorder.last()).containsExactly("10.0.0.1:2");
            assertThat(log.lines).hasSize(1).first().asString().contains("orders: not saved in " + directory());
            Files.delete(directory());
            source.set("orders", ONE);
            time.advance(Duration.ofSeconds(1));
            assertThat(directory().resolve("orders.lkg")).exists();
            assertThat(log.lines).hasSize(2).last().isEqualTo("INFO " + directory() + " can be written again");
        }
    }

    @Test
    void fileThatIsTooLarge_isNotRead() throws IOException {
        restartedAfter(ONE).close();
        Path file = directory().resolve("orders.lkg");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(SavedList.MAX_BYTES + 1L);
        }
        source = new ManualDiscovery();
        try (Logged log = new Logged(LastKnownGoodDiscovery.class)) {
            Recorder recorder = watch(started());
            source.fail("orders", new IOException("down"));

            assertThat(recorder.calls).containsExactly("error");
            assertThat(log.lines)
                    .first()
                    .asString()
                    .endsWith(SavedList.MAX_BYTES + 1L + " bytes (expected: at most " + SavedList.MAX_BYTES + ")");
        }
    }

    /** What is written when it is closed says until when the source stood by the list, not when that last changed. */
    @Test
    void close_savesTheAge() {
        LastKnownGoodDiscovery before = started();
        watch(before);
        source.set("orders", ONE);
        time.advance(Duration.ofMinutes(4));
        before.close();
        source = new ManualDiscovery();

        LastKnownGoodDiscovery discovery = started();
        watch(discovery);
        source.fail("orders", new IOException("down"));

        assertThat(discovery.known("orders"))
                .contains(new LastKnownGoodDiscovery.Known(1, START.plus(Duration.ofMinutes(4)), false, true));
    }

    @Test
    void memory_hasAnEnd() {
        LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.builder(source)
                .scheduler(time)
                .clock(clock)
                .build();
        open.add(discovery);
        for (int i = 0; i <= LastKnownGoodDiscovery.MAX_SERVICES; i++) {
            ServiceDiscovery.Watch watch = discovery.watch("s" + i, new Recorder());
            source.set("s" + i, ONE);
            watch.close();
        }

        assertThat(discovery.known("s" + (LastKnownGoodDiscovery.MAX_SERVICES - 1)))
                .isPresent();
        assertThat(discovery.known("s" + LastKnownGoodDiscovery.MAX_SERVICES)).isEmpty();
    }

    @Test
    void files_areTheOwnersAlone_andLeaveNothingBeside() throws IOException {
        restartedAfter(ONE);

        try (Stream<Path> files = Files.list(directory())) {
            assertThat(files).containsExactly(directory().resolve("orders.lkg"));
        }
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(directory().resolve("orders.lkg"))))
                .isEqualTo("rw-------");
    }

    @Test
    void leftoversOfKilledProcesses_areSweptWhenTheyAreOld() throws IOException {
        Files.createDirectories(directory());
        Path old = Files.createFile(directory().resolve(".lb4j-1.tmp"));
        Path recent = Files.createFile(directory().resolve(".lb4j-2.tmp"));
        Path other = Files.createFile(directory().resolve("mine.tmp"));
        Files.setLastModifiedTime(old, FileTime.from(START.minus(Duration.ofHours(2))));
        Files.setLastModifiedTime(recent, FileTime.from(START));
        Files.setLastModifiedTime(other, FileTime.from(START.minus(Duration.ofHours(2))));

        started();

        assertThat(old).doesNotExist();
        assertThat(recent).exists();
        assertThat(other).exists();
    }

    @Test
    void fileNames_standForOneServiceEach() {
        assertThat(List.of("orders", "shop.orders-v2", "Orders", ".hidden", "a/b", "..", "ü", "a%2fb"))
                .extracting(SavedLists::name)
                .containsExactly(
                        "orders", "shop.orders-v2", "%4frders", "%2ehidden", "a%2fb", "%2e.", "%c3%bc", "a%252fb");
        assertThat(SavedLists.name("x".repeat(1000))).hasSizeLessThan(140).startsWith("xxx");
    }

    @Test
    void ownThread_readsAndWritesAndEnds() {
        try (LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.of(source, directory())) {
            discovery.watch("orders", new Recorder());
            source.set("orders", ONE);
        }
        source = new ManualDiscovery();
        try (LastKnownGoodDiscovery discovery = LastKnownGoodDiscovery.of(source, directory())) {
            Recorder recorder = watch(discovery);
            source.fail("orders", new IOException("down"));
            await().untilAsserted(() -> assertThat(recorder.snapshots).containsExactly(List.of(ONE)));
        }
        await().untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("lb4j-last-known-good"));
    }

    @Test
    void settings_areChecked() {
        LastKnownGoodDiscovery.Builder builder = LastKnownGoodDiscovery.builder(source);

        assertThatThrownBy(() -> builder.maxAge(Duration.ZERO)).hasMessage("maxAge: 0ms (expected: 1s to 525600m)");
        assertThatThrownBy(() -> builder.patience(Duration.ofHours(1)))
                .hasMessage("patience: 60m (expected: 0ms to 10m)");
    }
}
