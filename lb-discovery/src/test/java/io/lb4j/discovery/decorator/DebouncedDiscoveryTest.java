package io.lb4j.discovery.decorator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import io.lb4j.testing.ManualDiscovery;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DebouncedDiscoveryTest {
    private static final ServiceInstance ONE = ServiceInstance.of("10.0.0.1", 1);
    private static final ServiceInstance TWO = ServiceInstance.of("10.0.0.1", 2);

    private final VirtualTime time = new VirtualTime();
    private final ManualDiscovery source = new ManualDiscovery();
    private final Recorder recorder = new Recorder();
    private final DebouncedDiscovery discovery = DebouncedDiscovery.builder(source)
            .quiet(Duration.ofMillis(100))
            .maxDelay(Duration.ofMillis(450))
            .scheduler(time)
            .ticker(time)
            .build();

    @AfterEach
    void close_leavesNothing() {
        discovery.close();
        assertThat(time.pending()).isZero();
        assertThat(source.watches("orders")).isZero();
    }

    private void pass(int millis) {
        time.advance(Duration.ofMillis(millis));
    }

    @Test
    void firstList_isToldAtOnce_laterOnesWhenItIsQuiet() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);
        assertThat(recorder.snapshots).containsExactly(List.of(ONE));

        source.set("orders", TWO);
        pass(99);
        assertThat(recorder.snapshots).hasSize(1);
        pass(1);

        assertThat(recorder.snapshots).containsExactly(List.of(ONE), List.of(TWO));
    }

    @Test
    void complaint_passesAtOnce_andHurriesNoList() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);
        source.set("orders", TWO);
        source.complain("orders", new IOException("b: no port"));

        assertThat(recorder.calls).containsExactly("instances", "complaint");
        pass(100);
        assertThat(recorder.calls).containsExactly("instances", "complaint", "instances");
    }

    @Test
    void storm_isToldAsOftenAsTheMaximumDelay() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);

        for (int i = 0; i < 1000; i++) {
            source.set("orders", ONE, ServiceInstance.of("10.0.0.2", i + 1));
            pass(10);
        }
        pass(100);

        // 10 s at 450 ms each, the first list and the last one.
        assertThat(recorder.snapshots).hasSizeBetween(23, 24);
        assertThat(recorder.last()).containsExactly("10.0.0.1:1", "10.0.0.2:1000");
    }

    @Test
    void repetitions_doNotPutItOff() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);

        source.set("orders", TWO);
        pass(60);
        source.set("orders", TWO);
        pass(40);

        assertThat(recorder.snapshots).hasSize(2);
    }

    @Test
    void changeTakenBack_isNone() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);

        source.set("orders", TWO);
        pass(50);
        source.set("orders", ONE);
        pass(1000);

        assertThat(recorder.snapshots).containsExactly(List.of(ONE));
        assertThat(time.pending()).isZero();
    }

    @Test
    void error_isNotDelayed_andComesAfterWhatWaits() {
        discovery.watch("orders", recorder);
        source.set("orders", ONE);
        source.set("orders", TWO);

        source.fail("orders", new IOException("down"));
        assertThat(recorder.calls).containsExactly("instances", "instances", "error");
        assertThat(recorder.last()).containsExactly("10.0.0.1:2");
        pass(1000);
        assertThat(recorder.calls).hasSize(3);

        source.set("orders", TWO);
        assertThat(recorder.calls).containsExactly("instances", "instances", "error", "instances");
    }

    @Test
    void unknown_isDelayedLikeAList_butNotTheFirst() {
        discovery.watch("orders", recorder);
        source.unknown("orders", "no such thing");
        assertThat(recorder.calls).containsExactly("unknown");

        source.set("orders", ONE);
        pass(100);
        source.unknown("orders", "gone");
        assertThat(recorder.calls).containsExactly("unknown", "instances");
        pass(100);
        assertThat(recorder.unknown).containsExactly("no such thing", "gone");
    }

    @Test
    void closeOfTheWatch_dropsWhatWaits() {
        ServiceDiscovery.Watch watch = discovery.watch("orders", recorder);
        source.set("orders", ONE);
        source.set("orders", TWO);

        watch.close();

        assertThat(time.pending()).isZero();
        pass(1000);
        assertThat(recorder.snapshots).hasSize(1);
    }

    @Test
    void settings_areChecked() {
        DebouncedDiscovery.Builder builder = DebouncedDiscovery.builder(source);

        assertThatThrownBy(() -> builder.quiet(Duration.ZERO)).hasMessage("quiet: 0ms (expected: 1ms to 10m)");
        assertThatThrownBy(() -> builder.maxDelay(Duration.ZERO)).hasMessageStartingWith("maxDelay: 0ms (expected:");
        assertThatThrownBy(() -> builder.maxDelay(Duration.ofMillis(10)).build())
                .hasMessage("maxDelay: 10ms (expected: at least quiet, 200ms)");
        assertThat(DebouncedDiscovery.of(source)).hasToString("DebouncedDiscovery[200ms to 1s, manual discovery]");
    }
}
