package io.lb4j.balancer;

import static org.assertj.core.api.Assertions.assertThat;

import io.lb4j.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class CheckSlotsTest {
    private static final long TIMEOUT_NANOS = 1_000_000_000;

    private final VirtualTime time = new VirtualTime();
    private final List<String> granted = new ArrayList<>();

    private CheckSlots.Turn enter(CheckSlots.Line line, String name, boolean slow) {
        return line.enter(slow, TIMEOUT_NANOS, () -> granted.add(name));
    }

    private List<String> drain() {
        List<String> all = List.copyOf(granted);
        granted.clear();
        return all;
    }

    @Test
    void enter_overTheLimit_waitsInOrder() {
        CheckSlots slots = new CheckSlots(2, time);
        CheckSlots.Line line = slots.line();
        CheckSlots.Turn a = enter(line, "a", false);
        enter(line, "b", false);
        CheckSlots.Turn c = enter(line, "c", false);
        enter(line, "d", false);
        assertThat(drain()).containsExactly("a", "b");
        assertThat(slots.waiting()).isEqualTo(2);
        a.end();
        a.end();
        assertThat(drain()).containsExactly("c");
        c.end();
        assertThat(drain()).containsExactly("d");
        assertThat(slots.taken()).isEqualTo(2);
    }

    @Test
    void lines_takeTurns_whateverTheirLength() {
        CheckSlots slots = new CheckSlots(1, time);
        CheckSlots.Line big = slots.line();
        CheckSlots.Line small = slots.line();
        Map<String, CheckSlots.Turn> turns = new HashMap<>();
        for (int i = 0; i < 5; i++) {
            turns.put("big" + i, enter(big, "big" + i, false));
        }
        turns.put("small0", enter(small, "small0", false));
        turns.put("small1", enter(small, "small1", false));
        for (int i = 0; i < granted.size(); i++) {
            turns.get(granted.get(i)).end();
        }
        assertThat(drain()).containsExactly("big0", "big1", "small0", "big2", "small1", "big3", "big4");
        assertThat(slots.taken()).isZero();
        assertThat(slots.waiting()).isZero();
    }

    @Test
    void slowOnes_getHalfTheSlotsAtMost_andStillTheirTurn() {
        CheckSlots slots = new CheckSlots(4, time);
        CheckSlots.Line line = slots.line();
        List<CheckSlots.Turn> slow = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            slow.add(enter(line, "slow" + i, true));
        }
        assertThat(drain()).containsExactly("slow0", "slow1");
        List<CheckSlots.Turn> prompt = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            prompt.add(enter(line, "prompt" + i, false));
        }
        assertThat(drain()).containsExactly("prompt0", "prompt1");
        prompt.get(0).end();
        assertThat(drain()).as("the slow ones have their half").containsExactly("prompt2");
        slow.get(0).end();
        slow.get(1).end();
        assertThat(drain()).as("both kinds wait").containsExactlyInAnyOrder("slow2", "prompt3");
    }

    @Test
    void end_whileWaiting_leavesTheLine() {
        CheckSlots slots = new CheckSlots(1, time);
        CheckSlots.Line line = slots.line();
        CheckSlots.Turn a = enter(line, "a", false);
        CheckSlots.Turn b = enter(line, "b", false);
        CheckSlots.Turn c = enter(line, "c", false);
        b.end();
        a.end();
        assertThat(drain()).containsExactly("a", "c");
        b.end();
        c.end();
        assertThat(slots.taken()).isZero();
        assertThat(slots.waiting()).isZero();
    }

    @Test
    void reclaim_takesBackWhatIsOverdue_andNothingElse() {
        CheckSlots slots = new CheckSlots(2, time);
        CheckSlots.Line lost = slots.line();
        CheckSlots.Line line = slots.line();
        CheckSlots.Turn forgotten = enter(lost, "forgotten", true);
        time.advance(Duration.ofSeconds(5));
        CheckSlots.Turn held = enter(line, "held", false);
        enter(line, "prompt", false);
        enter(line, "slow", true);
        assertThat(lost.waits()).isFalse();
        assertThat(line.waits()).isTrue();
        time.advance(Duration.ofSeconds(6));
        line.reclaim();
        assertThat(drain()).as("its time-out and the grace are just over").containsExactly("forgotten", "held");
        time.advance(Duration.ofNanos(1));
        line.reclaim();
        assertThat(drain()).containsExactly("prompt");
        forgotten.end();
        assertThat(drain()).as("it has nothing to give back").isEmpty();
        held.end();
        assertThat(drain()).as("the one slot for slow ones is free again").containsExactly("slow");
        assertThat(slots.taken()).isEqualTo(2);
        assertThat(line.waits()).isFalse();
    }

    @Test
    void singleSlot_servesSlowOnesToo() {
        CheckSlots slots = new CheckSlots(1, time);
        enter(slots.line(), "slow", true).end();
        assertThat(drain()).containsExactly("slow");
    }

    @Test
    void manyThreads_neverHoldMoreThanThereAre_andAllGetTheirTurn() throws Exception {
        int threads = 4;
        int each = 2000;
        CheckSlots slots = new CheckSlots(2, time);
        AtomicInteger holding = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger served = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(threads);
        ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
        for (int t = 0; t < threads; t++) {
            CheckSlots.Line line = slots.line();
            Thread thread = new Thread(() -> {
                try {
                    for (int i = 0; i < each; i++) {
                        CountDownLatch mine = new CountDownLatch(1);
                        CheckSlots.Turn turn =
                                line.enter(ThreadLocalRandom.current().nextBoolean(), TIMEOUT_NANOS, () -> {
                                    most.accumulateAndGet(holding.incrementAndGet(), Math::max);
                                    mine.countDown();
                                });
                        mine.await();
                        holding.decrementAndGet();
                        served.incrementAndGet();
                        turn.end();
                    }
                } catch (Throwable e) {
                    errors.add(e);
                } finally {
                    done.countDown();
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
        done.await();
        assertThat(errors).isEmpty();
        assertThat(served).hasValue(threads * each);
        assertThat(most.get()).isBetween(1, 2);
        assertThat(slots.taken()).isZero();
        assertThat(slots.waiting()).isZero();
    }
}
