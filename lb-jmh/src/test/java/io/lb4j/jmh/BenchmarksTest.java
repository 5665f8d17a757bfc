package io.lb4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.strategy.Strategies;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every benchmark's state can be set up and each of its operations works: they run so rarely that they would rot. */
class BenchmarksTest {
    private static final int OPERATIONS = 100;

    @Test
    void policies_againstTheFactories_missNone() {
        List<String> factories = Arrays.stream(Strategies.class.getMethods())
                .filter(method -> Modifier.isStatic(method.getModifiers()) && method.getParameterCount() == 0)
                .map(Method::getName)
                .filter(name -> !name.equals("defaultStrategy"))
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        assertThat(Arrays.stream(Policy.values())
                        .map(policy -> policy.name().toLowerCase(Locale.ROOT).replace("_", "")))
                .containsExactlyInAnyOrderElementsOf(factories);
    }

    @ParameterizedTest
    @EnumSource
    void pickBenchmark_everyLibrary_picksAndCalls(Policy policy) throws Exception {
        for (String library : List.of("lb4j", "lb4j-timed", "floor")) {
            Subject subject = new Subject();
            subject.policy = policy;
            subject.library = library;
            subject.instances = 10;
            subject.open();
            try {
                PickBenchmark benchmark = new PickBenchmark();
                Cursor cursor = new Cursor();
                for (int i = 0; i < OPERATIONS; i++) {
                    assertThat(benchmark.pick(subject, cursor)).isNotNull();
                    assertThat(benchmark.call(subject, cursor)).isNotNull();
                }
            } finally {
                subject.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void updateBenchmark_everyPolicy_seesTheNewInstance(Policy policy) {
        UpdateBenchmark benchmark = new UpdateBenchmark();
        benchmark.policy = policy;
        benchmark.instances = 100;
        benchmark.open();
        try {
            benchmark.replaceOne();
            benchmark.replaceOne();
        } finally {
            benchmark.close();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10})
    void tickBenchmark_secondsOfCalls_ejectNobody(int calls) {
        TickBenchmark benchmark = new TickBenchmark();
        benchmark.instances = 100;
        benchmark.calls = calls;
        benchmark.open();
        try {
            for (int i = 0; i < 20; i++) {
                benchmark.call();
                benchmark.second();
            }
            assertThat(benchmark.ticks()).isGreaterThanOrEqualTo(20);
            assertThat(benchmark.out()).isZero();
        } finally {
            benchmark.close();
        }
    }

    @Test
    void callBenchmark_bothClients_getTheWholeAnswer() throws Exception {
        CallBenchmark benchmark = new CallBenchmark();
        benchmark.instances = 2;
        benchmark.open();
        try {
            CallBenchmark.ProcessorTime time = new CallBenchmark.ProcessorTime();
            assertThat(benchmark.plain()).isEqualTo(100);
            assertThat(benchmark.balanced()).isEqualTo(100);
            benchmark.alternate(time);
            assertThat(time.calls).isPositive();
            assertThat(time.plainNanos + time.balancedNanos).isPositive();
        } finally {
            benchmark.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"direct", "connect", "answer"})
    void connectBenchmark_everyKindOfSocket_connectsAndReads(String sockets) throws Exception {
        ConnectBenchmark benchmark = new ConnectBenchmark();
        benchmark.sockets = sockets;
        benchmark.open();
        try {
            benchmark.connect();
            benchmark.connect();
            assertThat(benchmark.readMuch()).isEqualTo(1 << 16);
            assertThat(benchmark.readOne()).isZero();
        } finally {
            benchmark.close();
        }
    }
}
