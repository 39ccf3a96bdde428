// What fragments of meshes share.
layout(location = 0) out vec4 out_color;
layout(location = 1) out vec4 out_label;
uniform sampler2D image;
uniform vec3 tint, tint2;
uniform vec4 options;
uniform float label;

float lit(int taps) {
  vec3 q = in_key * .5 + .5;
  float angle = hash(gl_FragCoord.xy + seed) * 6.283, sum = 0.;
  mat2 turn = mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
  for (int i = 0; i < taps; i++) {
    float r = shadow_width * sqrt((float(i) + .5) / float(taps)), g = float(i) * 2.4;
    sum += texture(shadows, q.xy + turn * vec2(cos(g), sin(g)) * r).r + .004 > q.z ? 1. : 0.;
  }
  return sum / float(taps);
}

float lit() { return lit(4); }

float highlight(vec3 n, vec3 to_eye, vec3 light, float power) {
  return pow(max(dot(n, normalize(light + to_eye)), 0.), power) * (power + 8.) / 25.;
}

vec3 matte(vec3 n, vec3 albedo, float width, float light) {
  return albedo * (soft + key_color * wrapped(dot(n, key_direction), vec3(width)) * light);
}

void write(vec3 color, float region) {
  color = max(color, 0.);
  color = color * (1. + color / 3.5) / (1. + color * .72);
  out_color = vec4(sqrt(clamp(color, 0., 1.)), 1.);
  out_label = vec4(region / 255., region / 255., 0., 1.);
}
