package io.lb4j.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.jmh.Command.Part;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandTest {
    @Test
    void parse_nothing_isEverything() {
        assertThat(Command.parse())
                .isEqualTo(new Command(false, 0, Path.of("docs"), Set.of(Part.values()), Set.of(), Set.of()));
    }

    @Test
    void parse_closerLook_isThesePicks() {
        Command command = Command.parse("--quick", "picks", "--policy", "maglev,ring-hash", "--library", "lb4j,grpc");
        assertThat(command.quick()).isTrue();
        assertThat(command.parts()).containsExactly(Part.PICKS);
        assertThat(command.policies()).containsExactly(Policy.RING_HASH, Policy.MAGLEV);
        assertThat(command.libraries()).containsExactly("lb4j", "grpc");
        assertThat(command.partial()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pick",
                "--minutes",
                "--minutes 0 picks",
                "--minutes x picks",
                "--docs",
                "picks --policy",
                "picks --policy best",
                "--policy RANDOM",
                "calls --library lb4j"
            })
    void parse_wrong_saysHowItIsUsed(String line) {
        assertThatThrownBy(() -> Command.parse(line.split(" ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Command.USAGE);
    }

    @Test
    void plan_everything_fitsItsTime() {
        assertThat(new PickPlan(Command.parse("picks")).expected().toMinutes()).isLessThanOrEqualTo(60);
        assertThat(new PickPlan(Command.parse("--quick", "picks")).expected().toMinutes())
                .isLessThan(6);
    }

    @Test
    void plan_ofSoManyMinutes_fitsThem() {
        Command command = Command.parse("--minutes", "30", "picks");
        assertThat(new PickPlan(command).expected().toMinutes()).isBetween(25L, 30L);
        assertThat(command.options()).isEqualTo(" --minutes 30");
    }

    @Test
    void plan_policyWithPeers_measuresThemBetweenLibraryAndFloor() {
        assertThat(PickPlan.libraries("pick", Policy.LEAST_REQUEST, Set.of()))
                .containsExactly("lb4j", "dubbo", "ribbon", "stork", "floor");
        assertThat(PickPlan.libraries("call", Policy.LEAST_REQUEST, Set.of()))
                .containsExactly("lb4j", "lb4j-timed", "dubbo", "finagle", "ribbon", "stork", "floor");
    }

    @Test
    void plan_closerLook_measuresThatOnlyAndLonger() {
        PickPlan plan =
                new PickPlan(Command.parse("--quick", "picks", "--policy", "MAGLEV", "--library", "lb4j,floor"));
        assertThat(plan.batches()).extracting(PickPlan.Batch::policy).containsOnly(Policy.MAGLEV);
        assertThat(plan.batches()).extracting(PickPlan.Batch::libraries).containsOnly(List.of("lb4j", "floor"));
        assertThat(plan.seconds()).isEqualTo(2);
    }

    @Test
    void plan_libraryThatLacksThePolicy_isRefused() {
        Command command = Command.parse("picks", "--policy", "MAGLEV", "--library", "ribbon");
        assertThatThrownBy(() -> new PickPlan(command))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[MAGLEV], [ribbon] (expected: a library that has the policy)");
    }
}
