package io.lb4j.discovery.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Recorder;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class BulletinTest {
    private static final ServiceInstance ONE = ServiceInstance.of("10.0.0.1", 1);
    private static final ServiceInstance TWO = ServiceInstance.of("10.0.0.1", 2);

    private final Bulletin bulletin = new Bulletin("Registry", "orders");
    private final Recorder recorder = new Recorder();

    private Recorder late() {
        Recorder late = new Recorder();
        bulletin.watchers().add(late, () -> {});
        bulletin.watchers().flush();
        return late;
    }

    @Test
    void complaint_isToldOnceAfterItsList_andIsNoOutage() {
        bulletin.watchers().add(recorder, () -> {});
        bulletin.instances(List.of(ONE), List.of("b: no port"));
        bulletin.instances(List.of(ONE), List.of("b: no port"));
        bulletin.instances(List.of(TWO), List.of("b: no port"));

        assertThat(recorder.calls).containsExactly("instances", "complaint", "instances");
        assertThat(recorder.complaints).containsExactly("Registry: b: no port");
        assertThat(late().calls).containsExactly("instances", "complaint");
        bulletin.instances(List.of(TWO), List.of());
        assertThat(late().calls).containsExactly("instances");
        bulletin.instances(List.of(TWO), List.of("b: no port"));
        assertThat(recorder.complaints).hasSize(2);
    }

    /** A complaint that stands must not make the second outage old news. */
    @Test
    void outages_areToldEachWhileAComplaintStands() {
        bulletin.watchers().add(recorder, () -> {});
        for (int outage = 0; outage < 2; outage++) {
            bulletin.instances(List.of(ONE), List.of("b: no port"));
            bulletin.trouble(new IOException("down"));
            bulletin.trouble(new IOException("down"));
        }

        assertThat(recorder.calls).containsExactly("instances", "complaint", "error", "instances", "error");
    }

    @Test
    void answerOfWhichNothingIsLeft_isAnOutage() {
        bulletin.watchers().add(recorder, () -> {});
        bulletin.instances(List.of(ONE), List.of());
        bulletin.instances(List.of(), List.of("a: no port", "b: no port"));
        bulletin.instances(List.of(ONE), List.of());

        assertThat(recorder.calls).containsExactly("instances", "error", "instances");
        assertThat(recorder.messages()).containsExactly("Registry: a: no port; b: no port");
    }

    /** Who is told while it still handles what it was told before gets the newest of each kind. */
    @Test
    void listenerThatLagsBehind_losesNoComplaint() {
        Recorder slow = new Recorder();
        bulletin.watchers().add(slow, () -> {});
        bulletin.watchers().instances(List.of(ONE));
        bulletin.watchers().complaint(new IOException("b: no port"));
        bulletin.watchers().error(new IOException("down"));
        bulletin.watchers().instances(List.of(TWO));
        bulletin.watchers().flush();

        assertThat(slow.calls).containsExactly("complaint", "error", "instances");
    }
}
