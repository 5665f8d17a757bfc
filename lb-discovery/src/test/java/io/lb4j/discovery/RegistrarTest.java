package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.Registration.State;
import io.lb4j.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a registration makes of what registrars do, good and bad, on virtual time. */
class RegistrarTest {
    private static final ServiceInstance SERVER =
            ServiceInstance.builder("127.0.0.1", 8081).id("a").build();
    private static final Duration TTL = Duration.ofSeconds(9);

    private final VirtualTime time = new VirtualTime();
    private final Scripted registrar = new Scripted();
    private final List<State> states = new ArrayList<>();

    private Registration start() {
        return builder().listener(status -> states.add(status.state())).start();
    }

    private Registration.Builder builder() {
        return Registration.builder(registrar, "orders", SERVER)
                .scheduler(time)
                .random(new Random(1))
                .ttl(TTL);
    }

    /** Notes what it is asked, and answers as the test says, at once or never. */
    private static final class Scripted implements Registrar {
        final List<String> asked = new ArrayList<>();
        final List<Answer> answers = new ArrayList<>();
        Consumer<Answer> reaction = answer -> {};
        Runnable forgotten = () -> {};

        @Override
        public void check(String service, ServiceInstance instance) {
            if (instance.port() == 1) {
                throw new IllegalArgumentException("instance port: 1 (expected: more)");
            }
        }

        @Override
        public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {
            answered("register " + service + "/" + instance.id() + " weight " + instance.weight(), answer);
        }

        @Override
        public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {
            answered("renew", answer);
        }

        private void answered(String what, Answer answer) {
            asked.add(what);
            answers.add(answer);
            reaction.accept(answer);
        }

        Answer last() {
            return answers.get(answers.size() - 1);
        }

        @Override
        public void cancel() {
            asked.add("cancel");
        }

        @Override
        public void deregister(String service, ServiceInstance instance, Duration atMost) {
            asked.add("deregister");
        }

        @Override
        public void onForgotten(Runnable listener) {
            forgotten = listener;
        }

        @Override
        public void close() {
            asked.add("close");
        }

        @Override
        public String toString() {
            return "a registry";
        }
    }

    @Test
    void answersAtOnce_renewedAndTakenOut() {
        registrar.reaction = answer -> answer.held(TTL);

        Registration registration = start();
        time.advance(TTL);
        registration.close();
        registration.close();

        assertThat(registrar.asked).startsWith("register orders/a weight 1.0", "renew", "renew", "renew");
        assertThat(registrar.asked).endsWith("cancel", "deregister", "close").containsOnlyOnce("deregister");
        assertThat(states).containsExactly(State.REGISTERED, State.CLOSED);
        assertThat(registration).hasToString("registration of orders/a with a registry");
        assertThat(time.pending()).isZero();
    }

    @Test
    void renewals_followTheLeaseThatWasGranted() {
        registrar.reaction = answer -> answer.held(Duration.ofSeconds(90));
        Registration registration = start();

        time.advance(Duration.ofSeconds(22));
        assertThat(registrar.asked).hasSize(1);
        time.advance(Duration.ofSeconds(8));

        assertThat(registrar.asked).hasSize(2);
        registration.close();
    }

    @Test
    void grantedNothing_isNotRenewedInABusyLoop() {
        registrar.reaction = answer -> answer.held(Duration.ZERO);
        Registration registration = start();

        time.advance(Duration.ofSeconds(1));

        assertThat(registrar.asked).hasSizeBetween(4, 6);
        registration.close();
    }

    @Test
    void neverAnswers_isAskedAgainAfterAThirdOfTheLease() {
        Registration registration = start();

        time.advance(Duration.ofMillis(2999));
        assertThat(registrar.asked).hasSize(1);
        time.advance(Duration.ofMillis(101));

        assertThat(registrar.asked).hasSize(3).element(1).isEqualTo("cancel");
        assertThat(registration.status())
                .isEqualTo(new Registration.Status(State.REGISTERING, "a registry: no answer in time"));
        Registrar.Answer late = registrar.answers.get(0);
        late.held(TTL);
        assertThat(registration.status().state()).isEqualTo(State.REGISTERING);
        registrar.last().held(TTL);
        assertThat(registration.status().state()).isEqualTo(State.REGISTERED);
        registration.close();
        assertThat(time.pending()).isZero();
    }

    @Test
    void renewalNeverAnswered_isRenewedAgain() {
        Registration registration = start();
        registrar.last().held(TTL);

        time.advance(Duration.ofSeconds(7));

        assertThat(registrar.asked).startsWith("register orders/a weight 1.0", "renew", "cancel", "renew");
        assertThat(registration.status().state()).isEqualTo(State.RENEWING);
        registration.close();
    }

    @Test
    void answersTwice_theFirstCounts() {
        Registration registration = start();

        registrar.last().held(TTL);
        registrar.last().refused("no");
        registrar.last().failed(new IOException("broken"));
        registrar.last().forgotten("gone");

        assertThat(states).containsExactly(State.REGISTERED);
        assertThat(registrar.asked).hasSize(1);
        assertThat(time.pending()).isEqualTo(1);
        registration.close();
    }

    @Test
    void throws_isAskedAgain() {
        registrar.reaction = answer -> {
            throw new IllegalStateException("on purpose");
        };
        Registration registration = start();
        assertThat(registration.status().detail()).isEqualTo("a registry: java.lang.IllegalStateException: on purpose");

        registrar.reaction = answer -> answer.held(TTL);
        time.advance(Duration.ofMillis(100));

        assertThat(registration.status().state()).isEqualTo(State.REGISTERED);
        registration.close();
    }

    @Test
    void refused_isAskedAgainAndSaysWhy() {
        registrar.reaction = answer -> answer.refused("a registry: no such thing");
        Registration registration = start();

        time.advance(Duration.ofSeconds(30));

        assertThat(registration.status())
                .isEqualTo(new Registration.Status(State.REFUSED, "a registry: no such thing"));
        assertThat(states).containsExactly(State.REFUSED);
        assertThat(registrar.asked).hasSizeBetween(10, 40);
        registration.close();
    }

    @Test
    void forgottenByItself_isRegisteredAgainAtOnce() {
        registrar.reaction = answer -> answer.held(TTL);
        Registration registration = start();

        registrar.forgotten.run();

        assertThat(registrar.asked)
                .containsExactly("register orders/a weight 1.0", "cancel", "register orders/a weight 1.0");
        assertThat(states).containsExactly(State.REGISTERED, State.REGISTERING, State.REGISTERED);
        registration.close();
    }

    @Test
    void forgottenAgainAndAgain_isNotRegisteredInABusyLoop() {
        registrar.reaction = answer -> answer.held(TTL);
        Registration registration = start();

        for (int i = 0; i < 1000; i++) {
            registrar.forgotten.run();
            time.advance(Duration.ofMillis(10));
        }

        assertThat(registrar.asked.stream().filter(what -> what.startsWith("register")))
                .hasSizeBetween(2, 40);
        time.advance(TTL);
        assertThat(registration.status().state()).isEqualTo(State.REGISTERED);
        registration.close();
    }

    @Test
    void update_givesUpTheQuestionThatIsUnderWay() {
        Registration registration = start();

        registration.update(SERVER.toBuilder().weight(2).build());
        registrar.answers.get(0).held(TTL);
        assertThat(registration.status().state()).isEqualTo(State.REGISTERING);
        registrar.last().held(TTL);

        assertThat(registrar.asked)
                .containsExactly("register orders/a weight 1.0", "cancel", "register orders/a weight 2.0");
        assertThat(registration.status().state()).isEqualTo(State.REGISTERED);
        assertThat(time.pending()).isEqualTo(1);
        registration.close();
    }

    @Test
    void update_thatFailed_isRegisteredNotRenewed() {
        Registration registration = start();
        registrar.last().held(TTL);
        registration.update(SERVER.toBuilder().weight(2).build());

        registrar.last().failed(new IOException("a registry: down"));
        time.advance(Duration.ofMillis(100));

        assertThat(registrar.asked).last().isEqualTo("register orders/a weight 2.0");
        assertThat(registration.status().state()).isEqualTo(State.RENEWING);
        registration.close();
    }

    @Test
    void listener_mayClose() {
        AtomicReference<Registration> registration = new AtomicReference<>();
        registration.set(builder()
                .listener(status -> {
                    if (status.state() == State.REGISTERED) {
                        registration.get().close();
                    }
                    states.add(status.state());
                })
                .start());

        registrar.last().held(TTL);
        registrar.forgotten.run();
        time.advance(TTL);

        assertThat(states).containsExactly(State.REGISTERED, State.CLOSED);
        assertThat(registrar.asked).containsExactly("register orders/a weight 1.0", "cancel", "deregister", "close");
    }

    @Test
    @Timeout(30)
    void registrarThatAnswersUnderItsLock_doesNotDeadlock() throws InterruptedException {
        Object lock = new Object();
        CountDownLatch locked = new CountDownLatch(1);
        CountDownLatch updating = new CountDownLatch(1);
        Registration registration = start();
        Registrar.Answer first = registrar.last();
        registrar.reaction = answer -> {
            updating.countDown();
            synchronized (lock) {
                answer.held(TTL);
            }
        };
        Thread answering = new Thread(() -> {
            synchronized (lock) {
                locked.countDown();
                try {
                    updating.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                first.held(TTL);
            }
        });
        answering.start();
        locked.await();

        registration.update(SERVER.toBuilder().weight(2).build());

        answering.join(TimeUnit.SECONDS.toMillis(20));
        assertThat(answering.isAlive()).isFalse();
        assertThat(registration.status().state()).isEqualTo(State.REGISTERED);
        registration.close();
    }

    @Test
    void notDeregistered_isClosedAllTheSame() {
        Registrar failing = new Registrar() {
            @Override
            public void register(String service, ServiceInstance instance, Duration ttl, Answer answer) {}

            @Override
            public void renew(String service, ServiceInstance instance, Duration ttl, Answer answer) {}

            @Override
            public void cancel() {
                throw new IllegalStateException("on purpose");
            }

            @Override
            public void deregister(String service, ServiceInstance instance, Duration atMost) throws IOException {
                throw new IOException("on purpose");
            }

            @Override
            public void close() {
                throw new IllegalStateException("on purpose");
            }
        };
        Registration registration =
                Registration.builder(failing, "orders", SERVER).scheduler(time).start();
        registration.update(SERVER.toBuilder().weight(2).build());

        registration.close();

        assertThat(registration.status().state()).isEqualTo(State.CLOSED);
        assertThat(time.pending()).isZero();
    }

    @Test
    void neverTaken_isRefusedBeforeAnythingIsAsked() {
        assertThatThrownBy(() -> Registration.builder(
                        registrar,
                        "orders",
                        ServiceInstance.builder("h", 1).id("a").build()))
                .hasMessage("instance port: 1 (expected: more)");
        Registration registration = start();
        assertThatThrownBy(() -> registration.update(
                        ServiceInstance.builder("h", 1).id("a").build()))
                .hasMessage("instance port: 1 (expected: more)");
        assertThat(registrar.asked).hasSize(1);
        registration.close();
    }

    @Test
    void settingsOfTheEmbeddedRegistry_areRefused() {
        assertThatThrownBy(() -> builder().token("0123456789abcdef"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("token: set for a registry (expected: to be set when that is built)");
        assertThatThrownBy(() -> builder().client(new OkHttpClient()))
                .hasMessage("client: set for a registry (expected: to be set when that is built)");
    }
}
