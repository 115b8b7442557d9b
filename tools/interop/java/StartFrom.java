import java.nio.charset.StandardCharsets;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Where new groups begin: some messages, a second that is over, some more, one consumer of each kind, and, once each has its
 * queues, the last messages. Prints one JSON line for each kind, with the number of messages of each time.
 * Arguments: nameServer topic (with two queues) suffixOfGroups expected (FIRST=n,LAST=n,TIMESTAMP=n).
 */
public class StartFrom {
    private static final int QUEUES = 2;
    private static final int EACH = 10;
    private static final long WAIT_MS = 40_000;
    private static final long MOMENT_MS = 1_000;

    static int run(String[] args) throws Exception {
        DefaultMQProducer producer = Producers.start(args[0], "start-from-" + args[2]);
        send(producer, args[1], "old");
        long second = (System.currentTimeMillis() / 1000 + 1) * 1000;
        Thread.sleep(second + 20 - System.currentTimeMillis());
        send(producer, args[1], "mid");
        Map<String, Map<String, Integer>> seen = new LinkedHashMap<>();
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        int expected = 0;
        for (String kind : args[3].split(",")) {
            String where = kind.substring(0, kind.indexOf('='));
            expected += Integer.parseInt(kind.substring(kind.indexOf('=') + 1));
            Map<String, Integer> counts = new ConcurrentHashMap<>();
            seen.put(where, counts);
            consumers.add(consumer(args, where, second, counts));
        }
        long deadline = System.currentTimeMillis() + WAIT_MS;
        for (DefaultMQPushConsumer consumer : consumers) {
            while (queuesOf(consumer, args[1]) < QUEUES && System.currentTimeMillis() < deadline) {
                Thread.sleep(50);
            }
        }
        send(producer, args[1], "new");
        while (total(seen) < expected && System.currentTimeMillis() < deadline) {
            Thread.sleep(50);
        }
        Thread.sleep(MOMENT_MS);
        seen.forEach((where, counts) -> System.out.println(Json.line("where", where, "counts", counts)));
        for (DefaultMQPushConsumer consumer : consumers) {
            consumer.shutdown();
        }
        producer.shutdown();
        return 0;
    }

    private static void send(DefaultMQProducer producer, String topic, String time) throws Exception {
        for (int i = 0; i < EACH; i++) {
            producer.send(new Message(topic, time.getBytes(StandardCharsets.UTF_8)));
        }
    }

    private static DefaultMQPushConsumer consumer(String[] args, String where, long second, Map<String, Integer> counts)
        throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("from-" + where + "-" + args[2]);
        consumer.setNamesrvAddr(args[0]);
        consumer.setInstanceName(where + System.nanoTime());
        consumer.setConsumeFromWhere(ConsumeFromWhere.valueOf(
            where.equals("TIMESTAMP") ? "CONSUME_FROM_TIMESTAMP" : "CONSUME_FROM_" + where + "_OFFSET"));
        consumer.setConsumeTimestamp(new SimpleDateFormat("yyyyMMddHHmmss").format(new Date(second)));
        consumer.subscribe(args[1], "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                counts.merge(new String(message.getBody(), StandardCharsets.UTF_8), 1, Integer::sum);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private static long queuesOf(DefaultMQPushConsumer consumer, String topic) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count();
    }

    private static int total(Map<String, Map<String, Integer>> seen) {
        return seen.values().stream().flatMap(counts -> counts.values().stream()).mapToInt(Integer::intValue).sum();
    }
}
