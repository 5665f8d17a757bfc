package io.lb4j.discovery.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Up to which revision all is known, from where the next stream goes on. */
class EtcdEntriesTest {
    private final EtcdEntries entries = new EtcdEntries("/services/orders/");

    @BeforeEach
    void read() throws JsonProcessingException {
        entries.replace(json("{'header':{'revision':'7'},'kvs':[" + kv("a", 5) + "]}"));
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return new ObjectMapper().readTree(text.replace('\'', '"'));
    }

    private static String kv(String id, int revision) {
        return "{'key':'" + EtcdServer.base64("/services/orders/" + id) + "','value':'"
                + EtcdServer.base64("10.0.0.1:80") + "','mod_revision':'" + revision + "'}";
    }

    @Test
    void change_movesIt() throws JsonProcessingException {
        assertThat(entries.apply(json("{'header':{'revision':'12'},'events':[{'kv':" + kv("b", 9) + "}]}")))
                .isTrue();

        // The header may be ahead of the changes that come in the next message.
        assertThat(entries.revision()).isEqualTo(9);
        assertThat(entries.instances()).hasSize(2);
    }

    /** Else what changed elsewhere since, and is compacted away, would lead to all being read again. */
    @Test
    void noticeOfProgress_movesIt_andIsNoChange() throws JsonProcessingException {
        assertThat(entries.apply(json("{'header':{'revision':'12'}}"))).isFalse();
        assertThat(entries.revision()).isEqualTo(12);

        // One that was on its way for longer.
        entries.apply(json("{'header':{'revision':'11'}}"));
        assertThat(entries.revision()).isEqualTo(12);
    }

    /** Of a cluster that has begun without its memory. */
    @Test
    void allReadAgain_mayMoveItBack() throws JsonProcessingException {
        entries.replace(json("{'header':{'revision':'2'}}"));

        assertThat(entries.revision()).isEqualTo(2);
        assertThat(entries.isEmpty()).isTrue();
    }
}
