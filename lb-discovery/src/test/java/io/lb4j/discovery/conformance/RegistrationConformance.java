package io.lb4j.discovery.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every registration must do, against its real server. */
abstract class RegistrationConformance extends Conformance {
    private static final AtomicInteger SERVICES = new AtomicInteger();
    private static final Duration TTL = Duration.ofSeconds(2);

    private ServiceDiscovery discovery;
    private String service;
    private Heard heard;
    private Relay relay;

    @BeforeEach
    final void begin() throws Exception {
        service = "users-" + SERVICES.incrementAndGet();
        heard = new Heard();
        discovery = source.discovery(source.address());
        discovery.watch(service, heard);
        relay = new Relay(source.address());
    }

    @AfterEach
    final void end() throws Exception {
        discovery.close();
        relay.close();
    }

    private static ServiceInstance at(int port) {
        return ServiceInstance.builder("127.0.0.1", port).id("i1").build();
    }

    private Registration register(String address, ServiceInstance instance) {
        return source.registration(address, service, instance).ttl(TTL).start();
    }

    private void awaitPorts(Integer... ports) {
        await().untilAsserted(() ->
                assertThat(heard.last.stream().map(ServiceInstance::port)).containsExactlyInAnyOrder(ports));
    }

    @Test
    void registered_isListed_renewed_updated_andGoneAtOnceWhenClosed() throws Exception {
        try (Registration registration = register(source.address(), at(1001))) {
            assertThat(registration.awaitRegistered(Duration.ofSeconds(30))).isTrue();
            awaitPorts(1001);

            registration.update(at(1001).toBuilder()
                    .metadata(java.util.Map.of("version", "2"))
                    .build());
            if (source.traits().contains(RealSource.Trait.METADATA)) {
                await().until(() -> heard.last.size() == 1
                        && "2".equals(heard.last.get(0).metadata().get("version")));
            }
            // Longer than the lease: without renewal it would be gone.
            long end = System.nanoTime() + TTL.multipliedBy(2).toNanos();
            while (System.nanoTime() < end) {
                assertThat(heard.last).hasSize(1);
                TimeUnit.MILLISECONDS.sleep(50);
            }
            assertThat(registration.status().state()).isEqualTo(Registration.State.REGISTERED);
        }
        long closed = System.nanoTime();
        awaitPorts();
        assertThat(Duration.ofNanos(System.nanoTime() - closed)).isLessThan(TTL);
    }

    @Test
    void crashed_isGoneWithinItsLease() throws Exception {
        Registration registration = register(relay.address(), at(1001));
        try {
            awaitPorts(1001);

            // Nothing it says reaches the registry any more, as after a crash.
            relay.mode(Relay.Mode.CUT);

            awaitPorts();
            await().until(() -> registration.status().state() == Registration.State.RENEWING
                    || registration.status().state() == Registration.State.REGISTERING);
            relay.mode(Relay.Mode.PASS);
            awaitPorts(1001);
        } finally {
            registration.close();
        }
    }

    @Test
    void registryRestarted_registersAgainByItself() throws Exception {
        try (Registration registration = register(source.address(), at(1001))) {
            awaitPorts(1001);
            source.kill();
            try {
                await().until(() -> registration.status().state() != Registration.State.REGISTERED);
            } finally {
                source.start();
            }

            await().until(() -> registration.status().state() == Registration.State.REGISTERED);
            try (ServiceDiscovery fresh = source.discovery(source.address())) {
                Heard now = new Heard();
                fresh.watch(service, now);
                await().until(() -> now.last.size() == 1);
            }
            awaitPorts(1001);
        }
    }

    @Test
    void twoWithOneId_endWithOneOfThem_andEachSaysHowItStands() throws Exception {
        try (Registration first = register(source.address(), at(1001))) {
            awaitPorts(1001);
            Registration second = register(source.address(), at(1002));
            try {
                await().until(() -> second.status().state() == Registration.State.REGISTERED
                        || second.status().state() == Registration.State.REFUSED);
                boolean taken = second.status().state() == Registration.State.REGISTERED;
                await().until(() -> List.of(taken ? 1002 : 1001)
                        .equals(heard.last.stream().map(ServiceInstance::port).toList()));
                if (!taken) {
                    assertThat(second.status().detail()).isNotBlank();
                }
            } finally {
                second.close();
            }
            assertThat(first.status()).isNotNull();
        }
        awaitPorts();
    }
}
