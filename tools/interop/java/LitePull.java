import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Reads at its own pace, and prints one JSON line for each step.
 * Arguments: assigned nameServer topic group, of a topic with two queues of ten messages each: assign, seek, pause, commit;
 *        or: subscribed nameServer topic group count: what is not consumed yet, committed automatically;
 *        or: read nameServer topic group count: the messages of a topic, whole, from its beginning.
 */
public class LitePull {
    private static final long WAIT_MS = 30_000;
    /** How long nothing comes where nothing should. */
    private static final long SILENCE_MS = 1_500;

    static int run(String[] args) throws Exception {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(args[3]);
        consumer.setNamesrvAddr(args[1]);
        consumer.setInstanceName("lite-" + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPollTimeoutMillis(200);
        try {
            switch (args[0]) {
                case "assigned":
                    assigned(consumer, args[2]);
                    break;
                case "subscribed":
                    subscribed(consumer, args[2], Integer.parseInt(args[4]));
                    break;
                default:
                    read(consumer, args[2], Integer.parseInt(args[4]));
                    break;
            }
        } finally {
            consumer.shutdown();
        }
        return 0;
    }

    private static void assigned(DefaultLitePullConsumer consumer, String topic) throws Exception {
        consumer.setAutoCommit(false);
        consumer.start();
        List<MessageQueue> queues = new ArrayList<>(consumer.fetchMessageQueues(topic));
        Collections.sort(queues);
        consumer.assign(queues);
        MessageQueue first = queues.get(0);
        MessageQueue second = queues.get(1);
        step("assigned", places(poll(consumer, 20)));
        consumer.seek(first, 5);
        step("sought", places(poll(consumer, 5)));
        consumer.pause(Arrays.asList(first));
        consumer.seek(first, 0);
        step("paused", places(silence(consumer)));
        consumer.resume(Arrays.asList(first));
        step("resumed", places(poll(consumer, 10)));
        consumer.seekToBegin(second);
        step("begun", places(poll(consumer, 10)));
        consumer.seekToEnd(second);
        step("ended", places(silence(consumer)));
        consumer.commitSync();
        step("committed", Arrays.asList(consumer.committed(first), consumer.committed(second)));
        Map<MessageQueue, Long> offsets = new HashMap<>();
        offsets.put(first, 3L);
        offsets.put(second, 7L);
        consumer.commitSync(offsets, true);
        step("left", Arrays.asList(consumer.committed(first), consumer.committed(second)));
    }

    private static void subscribed(DefaultLitePullConsumer consumer, String topic, int count) throws Exception {
        consumer.setAutoCommitIntervalMillis(1_000);
        consumer.subscribe(topic, "*");
        consumer.start();
        List<MessageExt> messages = poll(consumer, count);
        messages.addAll(silence(consumer));
        step("subscribed", places(messages));
    }

    private static void read(DefaultLitePullConsumer consumer, String topic, int count) throws Exception {
        consumer.setAutoCommit(false);
        consumer.start();
        List<MessageQueue> queues = new ArrayList<>(consumer.fetchMessageQueues(topic));
        consumer.assign(queues);
        for (MessageQueue queue : queues) {
            consumer.seekToBegin(queue);
        }
        for (MessageExt message : poll(consumer, count)) {
            CRC32 crc = new CRC32();
            crc.update(message.getBody());
            String body = message.getBody().length > 100 ? "" : new String(message.getBody(), StandardCharsets.UTF_8);
            System.out.println(Json.line("topic", message.getTopic(), "body", body, "size", message.getBody().length,
                "crc", crc.getValue(), "msgId", message.getMsgId(), "flag", message.getFlag(), "sysFlag", message.getSysFlag(),
                "reconsumeTimes", message.getReconsumeTimes(), "properties", message.getProperties()));
        }
    }

    /** Polls until so many messages came, or too long. */
    private static List<MessageExt> poll(DefaultLitePullConsumer consumer, int count) {
        List<MessageExt> messages = new ArrayList<>();
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (messages.size() < count && System.currentTimeMillis() < deadline) {
            messages.addAll(consumer.poll());
        }
        return messages;
    }

    private static List<MessageExt> silence(DefaultLitePullConsumer consumer) {
        List<MessageExt> messages = new ArrayList<>();
        long deadline = System.currentTimeMillis() + SILENCE_MS;
        while (System.currentTimeMillis() < deadline) {
            messages.addAll(consumer.poll());
        }
        return messages;
    }

    /** "queue:offset" of each, in that order. */
    private static List<String> places(List<MessageExt> messages) {
        List<String> places = new ArrayList<>();
        for (MessageExt message : messages) {
            places.add(message.getQueueId() + ":" + message.getQueueOffset());
        }
        Collections.sort(places);
        return places;
    }

    private static void step(String name, List<?> values) {
        System.out.println(Json.line("step", name, "values", values));
    }
}
